"""All evidence of an incident, parsed and sorted by node: what the rules and the causes look at."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice

from incidents.diagnostics.evidence import EvidenceKind, Piece
from incidents.diagnostics.evidence.lines import clean_text
from incidents.diagnostics.fields import InfoFields, MissingField, read_number
from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.log_digest import LogDigest
from incidents.diagnostics.log_file import LogFile
from incidents.diagnostics.parsers import client_errors, container_events, kernel_log
from incidents.diagnostics.parsers.info import Info, merge
from incidents.diagnostics.parsers.server_log import LogEntry, parse_log, parse_log_lines
from incidents.diagnostics.snapshot import Growth, Snapshot, is_restarted, seconds_between

DOUBLES_LIMIT = 8_000_000  # characters of logs up to which doubles are looked for
SENTENCES = 1_000  # characters up to which a description counts as words, whatever its kind
HEAD_LINES = 2_000  # lines of a log in which its first time is looked for
LEAST_APART = 3.0  # seconds between two samples that make a rate
TESTIMONY_LIMIT = 60_000  # characters that cues are looked for in
# Characters up to which a piece of this kind counts as testimony. What parsers read is left to the rules: the advice of
# MEMORY DOCTOR is no complaint, and a long log holds every word.
_LOOSE = {
    EvidenceKind.PROSE: 100_000,
    EvidenceKind.CLIENT_ERRORS: 20_000,
    EvidenceKind.UNKNOWN: 8_000,
    EvidenceKind.SERVER_LOG: 1_500,
    EvidenceKind.METRICS: 600,
    EvidenceKind.KERNEL_LOG: 4_000,
    EvidenceKind.CONTAINER_EVENTS: 4_000,
}


@dataclass
class Node:
    """What is known of one server. Lists of one kind are those of the newest paste."""

    name: str = ""
    snapshots: list[Snapshot] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    log: LogDigest = field(default_factory=LogDigest)
    said: LogDigest = field(default_factory=LogDigest)  # by clients, the kernel and the container's keeper

    @property
    def latest(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    @cached_property
    def earlier(self) -> Snapshot | None:
        """The sample that the newest is compared with: the last one before it that is not of the same moment."""
        if len(self.snapshots) < 2:
            return None
        newest = self.snapshots[-1]
        apart = (s for s in reversed(self.snapshots[:-1]) if not 0 <= seconds_between(s, newest) < LEAST_APART)
        return next(apart, self.snapshots[0])

    @cached_property
    def restarted(self) -> bool:
        """Whether the two samples are of different processes: no difference of counters means anything."""
        return self.earlier is not None and self.latest is not None and is_restarted(self.earlier, self.latest)

    def growth(self, name: str) -> Growth:
        """How a field moved between the samples. MissingField without two samples of one process."""
        if self.earlier is None or self.latest is None:
            raise MissingField(f"second sample of {name}")
        seconds = seconds_between(self.earlier, self.latest)
        if self.restarted or seconds <= 0:
            raise MissingField(f"second sample of {name} from the same process")
        return Growth(self.earlier.number(name), self.latest.number(name), seconds)

    def of_kind(self, *kinds: EvidenceKind) -> list[Piece]:
        return [piece for piece in self.pieces if piece.kind in kinds]

    def need(self, kind: EvidenceKind) -> Piece:
        """The newest piece of a kind. MissingField when nobody pasted one."""
        found = self.of_kind(kind)
        if not found:
            raise MissingField(kind.value)
        return found[-1]

    @cached_property
    def settings(self) -> InfoFields:
        """CONFIG GET and redis.conf of this node, the newest value of each parameter."""
        values: dict[str, str] = {}
        for piece in self.of_kind(EvidenceKind.CONFIG):
            values.update(piece.data.fields if piece.data else {})
        return InfoFields(values)

    @property
    def info(self) -> Info:
        return self.latest.info if self.latest else Info()

    def text_of(self, name: str, default: str = "") -> str:
        return self.info.fields.get(name, default)


@dataclass
class Dossier:
    """An incident as the engine sees it."""

    nodes: list[Node] = field(default_factory=list)
    pieces: tuple[Piece, ...] = ()
    intake: IncidentInput = field(default_factory=IncidentInput)

    @property
    def main(self) -> Node:
        """The node that the report is about: the unnamed one if it was seen, else the first with an INFO or a log."""
        unnamed = next((node for node in self.nodes if node.name == ""), None)
        if unnamed is not None and (unnamed.latest or unnamed.log):
            return unnamed
        seen = next((node for node in self.nodes if node.latest), None) or next((n for n in self.nodes if n.log), None)
        return seen or unnamed or (self.nodes[0] if self.nodes else Node())

    def node(self, name: str) -> Node | None:
        return next((node for node in self.nodes if node.name == name), None)

    def of_kind(self, *kinds: EvidenceKind) -> list[Piece]:
        return [piece for piece in self.pieces if piece.kind in kinds]

    @cached_property
    def prose(self) -> str:
        """What people wrote: prose, and a short description even if it reads like a setting or a log line."""
        told = [p for p in self.pieces if p.kind is EvidenceKind.PROSE or _is_description(p)]
        return "\n".join(piece.text for piece in told)

    @cached_property
    def client_errors(self) -> str:
        return "\n".join(piece.text for piece in self.of_kind(EvidenceKind.CLIENT_ERRORS))

    @cached_property
    def small_texts(self) -> str:
        """What cues are looked for in: prose, client errors, and short texts that no parser takes apart."""
        loose = [p for p in self.pieces if len(p.text) < _LOOSE.get(p.kind, 0) or _is_description(p)]
        texts = [piece.text for piece in loose]
        return "\n".join(texts)[:TESTIMONY_LIMIT]

    @property
    def version(self) -> str:
        """The server's version as it is: Valkey's own where it hides behind a compatible one."""
        for node in [self.main, *self.nodes]:
            found = node.text_of("valkey_version") or node.text_of("redis_version")
            if found:
                return found
        return self.intake.redis_version

    @property
    def is_valkey(self) -> bool:
        return any(n.text_of("valkey_version") or n.text_of("server_name") == "valkey" for n in self.nodes)

    @property
    def deployment(self) -> str:
        """standalone, replication, sentinel or cluster; what INFO says outranks what was stated."""
        if any(node.text_of("cluster_enabled") == "1" for node in self.nodes):
            return "cluster"
        if any(node.text_of("redis_mode") == "sentinel" for node in self.nodes) or self.of_kind(EvidenceKind.SENTINEL):
            return "sentinel"
        stated = self.intake.deployment_type.lower()
        if stated:
            return stated
        main = self.main
        if main.text_of("role") == "slave" or main.text_of("connected_slaves", "0") not in ("", "0"):
            return "replication"
        return "standalone" if main.latest else ""


def _is_description(piece: Piece) -> bool:
    return piece.name == "description" and len(piece.text) < SENTENCES


def build_dossier(pieces: Sequence[Piece], intake: IncidentInput | None = None) -> Dossier:
    """Sort pieces by node and digest the logs."""
    dossier = Dossier(pieces=tuple(pieces), intake=intake or IncidentInput())
    nodes: dict[str, Node] = {}
    for piece in pieces:
        nodes.setdefault(piece.node, Node(name=piece.node)).pieces.append(piece)
    nodes.setdefault("", Node())
    if len(nodes) > 1 and not nodes[""].pieces:
        del nodes[""]
    for node in nodes.values():
        node.snapshots = _snapshots(node)
        _read_logs(node)
        _listen(node)
    dossier.nodes = list(nodes.values())
    return dossier


def _read_logs(node: Node) -> None:
    """Digest the node's logs in the order of time; lines that were pasted twice count once."""
    logs = sorted(node.of_kind(EvidenceKind.SERVER_LOG), key=_begin)
    if len(logs) == 1 or sum(map(_size, logs)) > DOUBLES_LIMIT:
        for piece in logs:
            node.log.feed(_entries(piece))
        return
    seen: set[int] = set()
    for piece in logs:
        node.log.feed(_unseen(_entries(piece), seen))


def _entries(piece: Piece) -> Iterator[LogEntry]:
    if isinstance(piece.data, LogFile):
        return parse_log_lines(map(clean_text, piece.data.lines()), source=piece.name, node=piece.node)
    return parse_log(piece.text, source=piece.name, node=piece.node)


def _begin(piece: Piece) -> str:
    """The first time that a log tells, as text: a log without times comes first."""
    head = parse_log(piece.text, source=piece.name, node=piece.node)
    return next((str(entry.at) for entry in islice(head, HEAD_LINES) if entry.at), "")


def _size(piece: Piece) -> int:
    return sys.maxsize if isinstance(piece.data, LogFile) else len(piece.text)


def _unseen(entries: Iterable[LogEntry], seen: set[int]) -> Iterator[LogEntry]:
    """Entries that no earlier log held. Adds this log's when it ends: within one log, doubles are real."""
    own: set[int] = set()
    for entry in entries:
        double = hash(entry.raw)
        own.add(double)
        if not entry.at or double not in seen:
            yield entry
    seen.update(own)


def _listen(node: Node) -> None:
    """Recognise what clients got back, and what the kernel and the container's keeper tell."""
    for piece in node.of_kind(EvidenceKind.CLIENT_ERRORS):
        for error in client_errors.parse(piece.text):
            if error.meaning is not None:
                node.said.hear(_entry(piece, error.line, error.text, None), error.meaning, error.count)
    for piece in node.of_kind(EvidenceKind.KERNEL_LOG):
        for event in kernel_log.parse(piece.text):
            node.said.hear(_entry(piece, event.line, event.text, event.at), event.meaning)
    for piece in node.of_kind(EvidenceKind.CONTAINER_EVENTS):
        for told in container_events.parse(piece.text).events:
            node.said.hear(_entry(piece, told.line, told.text, None), told.meaning, told.count)


def _entry(piece: Piece, line: int, text: str, at: datetime | None) -> LogEntry:
    return LogEntry(
        line=line, raw=text, message=text, at=at, pid="", role="", level="", source=piece.name, node=piece.node
    )


def _snapshots(node: Node) -> list[Snapshot]:
    """The samples in order of time; metrics fill in what the newest sample lacks."""
    samples = [
        Snapshot(node=node.name, at=piece.at, info=piece.data, source=piece.name or "INFO")
        for piece in node.of_kind(EvidenceKind.INFO)
        if isinstance(piece.data, Info) and not piece.data.is_empty
    ]
    samples = _merged(_in_order(samples))
    extra = [p.data for p in node.of_kind(EvidenceKind.METRICS) if isinstance(p.data, Info) and not p.data.is_empty]
    if not extra:
        return samples
    if not samples:
        return [Snapshot(node=node.name, info=merge(extra), source="metrics")]
    newest = samples[-1]
    if any(set(item.fields) - set(newest.info.fields) for item in extra):
        samples[-1] = Snapshot(newest.node, newest.at, _filled(newest.info, extra), newest.source)
    return samples


def _in_order(samples: list[Snapshot]) -> list[Snapshot]:
    """By their clocks, else by uptime; of different processes without a clock, as they were pasted."""
    runs = {sample.info.fields.get("run_id", "") for sample in samples}
    if len(runs) > 1 and "" not in runs and not all(sample.clock for sample in samples):
        return samples
    return sorted(samples, key=_moment)


def _moment(snapshot: Snapshot) -> tuple[float, float]:
    clock = snapshot.clock
    uptime = read_number(snapshot.info.fields.get("uptime_in_seconds", ""))
    return (clock.timestamp() if clock else 0.0, uptime or 0.0)


def _merged(samples: list[Snapshot]) -> list[Snapshot]:
    """Sections of one moment that were pasted one by one are one sample."""
    merged: list[Snapshot] = []
    for sample in samples:
        if merged and _is_continuation(merged[-1], sample):
            last = merged[-1]
            merged[-1] = Snapshot(last.node, last.at or sample.at, _filled(last.info, [sample.info]), last.source)
        else:
            merged.append(sample)
    return merged


def _is_continuation(first: Snapshot, second: Snapshot) -> bool:
    shared = set(first.info.fields) & set(second.info.fields)
    if not shared:
        return True
    return all(first.info.fields[name] == second.info.fields[name] for name in shared) and first.at == second.at


def _filled(info: Info, extra: Iterable[Info]) -> Info:
    """The sample with fields added that it lacks; its own values and lines stand."""
    values = dict(info.fields)
    for other in extra:
        for name, value in other.fields.items():
            values.setdefault(name, value)
    lines = {name: line for name in info.fields if (line := info.fields.line_of(name)) is not None}
    return Info(InfoFields(values, lines), info.sections, info.error)


def times_of(dossier: Dossier) -> tuple[datetime | None, datetime | None]:
    """The first and last moment that any log of the incident tells."""
    firsts = [n.log.first_at for n in dossier.nodes if n.log.first_at]
    lasts = [n.log.last_at for n in dossier.nodes if n.log.last_at]
    return (min(firsts, default=None), max(lasts, default=None))
