"""Everything that was handed in, as pieces: the mission's fields, artifacts by name, files, the paste box."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from incidents.diagnostics.evidence.attribution import attribute
from incidents.diagnostics.evidence.documents import INTAKE_FIELDS, read_document
from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece
from incidents.diagnostics.evidence.lines import clean_text
from incidents.diagnostics.evidence.names import kind_in_name, node_in_artifact, node_in_path
from incidents.diagnostics.evidence.reading import PARSERS, lines_of, read_info, read_piece, read_value, to_text
from incidents.diagnostics.evidence.recognition import BIG, is_log, recognise
from incidents.diagnostics.evidence.shapes import kind_of_reply
from incidents.diagnostics.evidence.times import read_time
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.diagnostics.log_file import LogFile
from incidents.diagnostics.parsers import client_list, info, latency, redis_conf
from incidents.diagnostics.parsers.client_errors import is_client_error
from incidents.diagnostics.parsers.replies import is_list, plain, whole

_K = EvidenceKind
_VAGUE = frozenset((_K.PROSE, _K.UNKNOWN))
_SAID = frozenset((_K.PROSE, _K.UNKNOWN, _K.CLIENT_ERRORS))
_NOT_EVIDENCE = frozenset(("timestamp", "incident_id", "id", "slug", "expected"))
TWIN_SECONDS = 2.0
# Kinds that are read line by line: named so, they are taken at their word.
_LINE_KINDS = frozenset((_K.SERVER_LOG, _K.CLIENT_ERRORS, _K.KERNEL_LOG, _K.CONTAINER_EVENTS))


def read_intake(intake: IncidentInput) -> tuple[Piece, ...]:
    """Read all of it, name each piece's node where something tells, and drop what is there twice."""
    pieces = [
        *_described(intake.description),
        *_logs(intake.error_logs),
        *_info(intake.redis_info, intake.artifacts),
        *_metrics(intake.metrics, intake.artifacts),
        *(piece for name, value in intake.artifacts.items() for piece in _artifact(name, value, intake.artifacts)),
        *(piece for file in intake.files for piece in read_file(file)),
        *(piece for text in intake.pasted for piece in recognise(text)),
    ]
    return without_twins(attribute(_distinct([*pieces, *_crash_samples(pieces), *_stated(pieces)])))


def read_intake_object(value: Mapping[Any, Any]) -> tuple[Piece, ...]:
    """Read a JSON object: an incident as the API takes it, or captures by name."""
    known = {plain(key): item for key, item in value.items()}
    metrics, artifacts = known.get("metrics"), known.get("artifacts")
    named = {plain(key): item for key, item in artifacts.items()} if isinstance(artifacts, Mapping) else {}
    rest = {name: item for name, item in known.items() if name not in INTAKE_FIELDS | _NOT_EVIDENCE}
    if metrics and not isinstance(metrics, Mapping):
        rest["metrics"] = metrics
    intake = IncidentInput(
        timestamp=plain(known.get("timestamp")),
        error_logs=_strings(known.get("error_logs")),
        metrics=metrics if isinstance(metrics, Mapping) else {},
        redis_info=plain(known.get("redis_info")),
        redis_version=plain(known.get("redis_version")),
        deployment_type=plain(known.get("deployment_type")),
        description=plain(known.get("description")),
        artifacts={**named, **rest},
    )
    return read_intake(intake)


def read_file(file: UploadedText | LogFile) -> list[Piece]:
    """Read an uploaded file. Its name tells the node, and the kind where the text alone does not."""
    stated, node = kind_in_name(file.name), node_in_path(file.name)
    if isinstance(file, LogFile):
        return [Piece(_K.SERVER_LOG, clean_text(file.excerpt), file.name, node, data=file)]
    if len(file.text) > BIG and is_log(file.text):
        return [read_piece(_K.SERVER_LOG, clean_text(file.text), name=file.name, node=node)]
    found = list(recognise(file.text, name=file.name))
    if stated is not None and stated in _LINE_KINDS and all(piece.kind in _VAGUE | _LINE_KINDS for piece in found):
        found = [read_piece(stated, clean_text(file.text), name=file.name)]
    elif stated is _K.INFO and all(piece.kind in _SAID for piece in found):
        found = _sample(file.text, name=file.name)
    elif stated is not None and all(piece.kind in _VAGUE for piece in found):
        found = [read_piece(stated, clean_text(file.text), name=file.name)] if file.text.strip() else []
    return [piece if piece.node or piece.kind is _K.PROSE else replace(piece, node=node) for piece in found]


def _described(text: str) -> list[Piece]:
    """A description is prose, even one that quotes an error, unless somebody pasted the evidence into it."""
    found = list(recognise(text or "", name="description"))
    if all(piece.kind in _SAID for piece in found):
        return [read_piece(_K.PROSE, clean_text(text), name="description")] if found else []
    return found


def _logs(lines: Sequence[str]) -> list[Piece]:
    """Lines under `error_logs` are of the server unless they show that a client or the kernel wrote them."""
    text = clean_text("\n".join(lines))
    found = [part for piece in recognise(text) for part in (_by_author(piece) if piece.kind in _VAGUE else (piece,))]
    by_kind: dict[tuple[EvidenceKind, str], list[Piece]] = {}
    for piece in found:
        by_kind.setdefault((piece.kind, piece.node), []).append(piece)
    pieces: list[Piece] = []
    for (kind, node), group in by_kind.items():
        if kind in _LINE_KINDS:
            joined = "\n".join(piece.text for piece in group)
            pieces.append(read_piece(kind, joined, name="error_logs", node=node, first_line=group[0].first_line))
        else:
            pieces.extend(group)
    return pieces


def _by_author(piece: Piece) -> Iterator[Piece]:
    """Part lines that a client wrote from the server's own."""
    for number, line in enumerate(piece.text.split("\n")):
        if line.strip():
            kind = _K.CLIENT_ERRORS if is_client_error(line) else _K.SERVER_LOG
            yield Piece(kind, line, first_line=piece.first_line + number, node=piece.node)


def _info(text: str, artifacts: Mapping[str, Any]) -> list[Piece]:
    """`redis_info` and, where it was captured, the earlier sample."""
    at = read_time(plain(artifacts.get("redis_info_at")))
    earlier = plain(artifacts.get("redis_info_earlier"))
    pieces = _sample(earlier, name="INFO (earlier)", at=read_time(plain(artifacts.get("redis_info_earlier_at"))))
    found = list(recognise(text or "", name="INFO"))
    if any(piece.kind is _K.INFO for piece in found):
        pieces += [replace(piece, at=at) if piece.kind is _K.INFO and at else piece for piece in found]
    elif text and text.strip():
        pieces += _sample(text, name="INFO", at=at)
    return pieces


def _sample(text: str, *, name: str, node: str = "", at: datetime | None = None) -> list[Piece]:
    """Read a text that was captured as INFO. What was said instead of an answer is also an error of a client."""
    pieces = read_info(clean_text(text), name=name, node=node, at=at)
    for piece in pieces[:1]:
        if isinstance(piece.data, info.Info) and piece.data.error:
            pieces = [*pieces, read_piece(_K.CLIENT_ERRORS, piece.text, name=name, node=node)]
    return pieces


def _metrics(metrics: Mapping[str, Any], artifacts: Mapping[str, Any]) -> list[Piece]:
    """`metrics` may also hold settings and CLUSTER INFO: those are read as what they are, too."""
    if not metrics:
        return []
    pieces = [read_value(_K.METRICS, metrics, name="metrics")]
    settings = {name: value for key, value in metrics.items() if (name := _setting(plain(key)))}
    if settings:
        pieces.append(read_value(_K.CONFIG, settings, name="metrics"))
    if "cluster_state" in metrics and not artifacts.get("cluster_info"):
        text = "\n".join(f"{key}:{plain(value)}" for key, value in metrics.items() if plain(key).startswith("cluster_"))
        pieces.append(read_piece(_K.CLUSTER_INFO, text, name="metrics"))
    return pieces


def _setting(name: str) -> str:
    """Return the setting that a metric's name spells ("cluster_node_timeout"), or "" for anything else."""
    spelled = name.lower().replace("_", "-")
    return spelled if not info.is_known(name) and spelled in redis_conf.known_names() else ""


_STATED = re.compile(
    r"(?<![\w.-])([a-z][a-z0-9]{0,20}(?:_[a-z0-9]{1,20}){0,6})\s{0,2}[:=]\s{0,2}(\d[\d.,]{0,20}\s?[KMGTkmgt]?i?[Bb]?%?)"
)


def _stated(pieces: Sequence[Piece]) -> list[Piece]:
    """Take fields that somebody wrote into a sentence ("used_memory: 8.5G"), where there is no better source."""
    if any(piece.kind in (_K.INFO, _K.METRICS) for piece in pieces):
        return []
    found: dict[str, str] = {}
    for piece in pieces:
        for name, value in _STATED.findall(piece.text[:20_000]) if piece.kind is _K.PROSE else ():
            if info.is_known(name):
                found.setdefault(name, value.strip().rstrip(".,").replace(" ", ""))
    return [read_value(_K.METRICS, found, name="description")] if found else []


_EARLIER = re.compile(r"(?:before|earlier|previous|baseline|prior)(?:_|$)", re.IGNORECASE)
_READ_WITH_OTHERS = ("redis_info_earlier", "redis_info_earlier_at", "redis_info_at", "client_list_total")


def _artifact(name: str, value: Any, artifacts: Mapping[str, Any]) -> list[Piece]:
    """Read one named capture: by its name where that says what it is, by its looks otherwise."""
    if name in _READ_WITH_OTHERS or value is None or value == "" or value == [] or value == {}:
        return _empty_list(name, value)
    node, kind = node_in_artifact(name), kind_in_name(name)
    if is_list(value) and (samples := _timed_samples(value, name=name, node=node)):
        return samples
    if kind is None and _EARLIER.match(name) and isinstance(value, Mapping):
        return [read_value(_K.INFO, value, name=name, node=node)]
    if kind is None:
        return _unnamed(name, value, node=node)
    return [_titled(piece, name) for piece in _named(kind, name, value, node=node, artifacts=artifacts)]


def _empty_list(name: str, value: Any) -> list[Piece]:
    """An empty SLOWLOG is an answer too: somebody looked and found nothing."""
    kind = kind_in_name(name)
    if name in _READ_WITH_OTHERS or value is None or kind not in (_K.SLOWLOG, _K.LATENCY_LATEST, _K.ACL_LOG):
        return []
    return [read_value(kind, value, name=kind.source_name, node=node_in_artifact(name))]


def _named(kind: EvidenceKind, name: str, value: Any, *, node: str, artifacts: Mapping[str, Any]) -> list[Piece]:
    if kind is _K.INFO and not isinstance(value, Mapping):
        text = value if isinstance(value, str) else lines_of(value) if is_list(value) else plain(value)
        return _sample(text, name=_info_title(name), node=node)
    if kind is _K.CLIENT_LIST and (total := whole(artifacts.get(f"{name}_total"))) is not None:
        piece = read_value(kind, value, name=kind.source_name, node=node)
        return [replace(piece, data=client_list.parse(piece.text if isinstance(value, str) else value, total=total))]
    if kind is _K.LATENCY_HISTORY:
        event = name.lower().partition("latency_history")[2].strip("_- ")
        return [replace(read_value(kind, value, node=node), data=latency.parse_history(value, event=event))]
    if kind in _LINE_KINDS:
        return _lines_artifact(kind, name, value, node=node)
    if kind is _K.CONFIG and isinstance(value, str) and "\n" not in value.strip():
        return [read_value(kind, value, name=kind.source_name, node=node)]
    return [read_value(kind, value, name=kind.source_name if kind in PARSERS else name, node=node)]


def _lines_artifact(kind: EvidenceKind, name: str, value: Any, *, node: str) -> list[Piece]:
    """Logs and errors, as text or as a list of lines; an inspection may be an object."""
    if isinstance(value, Mapping) or (is_list(value) and not all(isinstance(item, str) for item in value)):
        found = read_document(value, name=name, node=node)
        return [piece if piece.kind is not _K.UNKNOWN else replace(piece, kind=kind) for piece in found]
    text = clean_text(lines_of(value) if is_list(value) else plain(value))
    return [read_piece(kind, text, name=name, node=node)] if text.strip() else []


def _unnamed(name: str, value: Any, *, node: str) -> list[Piece]:
    """Read a capture whose name says nothing."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and "\n" not in value and len(value) < 300):
        return _short(name, plain(value), node=node)
    if isinstance(value, str) or (is_list(value) and all(isinstance(item, str) for item in value)):
        text = value if isinstance(value, str) else "\n".join(value)
        return [replace(piece, node=piece.node or node) for piece in recognise(text, name=name)]
    kind = kind_of_reply(value)
    if kind is not None:
        return [read_value(kind, value, name=name, node=node)]
    return [Piece(_K.UNKNOWN, to_text(value), name, node, data=value)]


def _short(name: str, text: str, *, node: str) -> list[Piece]:
    """A word or a sentence: the name belongs to it ("queue: 0"). Fields of INFO count as metrics."""
    if info.is_known(name.lower()):
        return [read_piece(_K.METRICS, f"{name.lower()}:{text}", name=name, node=node)]
    if "exit" in name.lower() and whole(text) is not None:
        return [read_piece(_K.CONTAINER_EVENTS, f"{name}: {text}", name=name, node=node)]
    found = recognise(text, name=name)
    if len(found) == 1 and found[0].kind not in _VAGUE:
        return [replace(found[0], node=found[0].node or node)]
    return [read_piece(_K.PROSE, f"{name}: {clean_text(text)}", name=name)]


def _timed_samples(value: Sequence[Any], *, name: str, node: str) -> list[Piece]:
    """Read a list of objects that each hold a time and fields of INFO: a series of samples."""
    pieces: list[Piece] = []
    for item in value:
        if not isinstance(item, Mapping):
            return []
        at = next(
            (found for key in ("t", "time", "timestamp", "at", "ts") if (found := read_time(plain(item.get(key))))),
            None,
        )
        fields = {key: text for key, text in item.items() if info.is_known(plain(key))}
        if at is None or not fields:
            return []
        pieces.append(read_value(_K.INFO, fields, name=name, node=node, at=at))
    return pieces


def _info_title(name: str) -> str:
    return "INFO" if name.lower() in ("info", "redis_info") else name


def _titled(piece: Piece, name: str) -> Piece:
    """Let evidence of another node or of a log name the artifact, so that two of a kind stay apart."""
    return replace(piece, name=name) if piece.node or piece.kind in _LINE_KINDS else piece


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(item if isinstance(item, str) else to_text(item) for item in value) if is_list(value) else ()


def _distinct(pieces: Iterable[Piece]) -> list[Piece]:
    """Drop what was handed in twice; the copy that names its node stays."""
    kept: dict[tuple[EvidenceKind, str], Piece] = {}
    for piece in pieces:
        key = (piece.kind, piece.text if len(piece.text) > BIG else piece.text.strip())
        first = kept.get(key)
        if first is None or (not first.node and piece.node):
            kept[key] = replace(piece, at=piece.at or (first.at if first else None))
        elif first.node and piece.node and first.node != piece.node:
            kept[(piece.kind, f"{piece.node}\0{key[1]}")] = piece  # two nodes may well say the same
    return list(kept.values())


def _crash_samples(pieces: Sequence[Piece]) -> list[Piece]:
    """Take INFO out of crash reports: of a server that is gone it is the last that is known."""
    found: list[Piece] = []
    for piece in pieces:
        text = crash_info(piece.text) if piece.kind is _K.SERVER_LOG else ""
        if text:
            found.append(read_piece(_K.INFO, text, name=f"{piece.name} (crash report)", node=piece.node))
    return found


def crash_info(log: str) -> str:
    """Return the INFO that the last crash report of a log quotes, or ""."""
    start = log.rfind("------ INFO OUTPUT ------")
    if start < 0:
        return ""
    start = log.find("\n", start) + 1
    end = log.find("\n------ ", start)
    return log[start : end if end >= 0 else start + 40_000].strip("\n") if start else ""


def without_twins(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Drop samples that only repeat another of the same process, and crash reports' where a living one answered."""
    kept: list[Piece] = []
    last: dict[tuple[str, str], int] = {}
    living = {piece.node for piece in pieces if _is_sample(piece) and not piece.name.endswith("(crash report)")}
    for piece in pieces:
        if not _is_sample(piece):
            kept.append(piece)
        elif piece.name.endswith("(crash report)") and piece.node in living:
            continue
        else:
            key = (piece.node, piece.data.fields.get("run_id", ""))
            if key in last and _is_twin(kept[last[key]], piece):
                kept[last[key]] = max(kept[last[key]], piece, key=_weight)
            else:
                last[key] = len(kept)
                kept.append(piece)
    return tuple(kept)


def _is_sample(piece: Piece) -> bool:
    return piece.kind is _K.INFO and isinstance(piece.data, info.Info) and not piece.data.is_empty


def _is_twin(one: Piece, other: Piece) -> bool:
    """Whether two whole samples of one process are so close that their difference says nothing."""
    if not one.data.fields.get("run_id") or one.at is None or other.at is None:
        return False
    return abs((one.at - other.at).total_seconds()) < TWIN_SECONDS


def _weight(piece: Piece) -> tuple[int, bool]:
    return len(piece.data.fields), piece.name == "INFO"
