"""What a rule sees of one node: fields, two samples, log events and lists, each raising MissingField when absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.dossier import Dossier, Node
from incidents.diagnostics.evidence import EvidenceKind, Piece
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Evidence
from incidents.diagnostics.log_digest import LogEvent
from incidents.diagnostics.parsers.info import Database
from incidents.diagnostics.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Spike:
    """A LATENCY event at its worst."""

    event: str
    worst_ms: float
    latest_ms: float
    quote: Evidence


class View:
    """One node under examination. Remembers which fields were read: they are the finding's evidence."""

    def __init__(self, dossier: Dossier, node: Node) -> None:
        self.dossier = dossier
        self.node = node
        self.read: dict[str, Evidence] = {}

    # --- the newest snapshot ---

    @property
    def now(self) -> Snapshot:
        if self.node.latest is None:
            raise MissingField("INFO")
        return self.node.latest

    def value_of(self, name: str) -> Any:
        """A field as a number where it is one, else as text."""
        value = self.now.value(name)
        self.read[name] = self.now.quote(name)
        return value

    def number(self, name: str) -> float:
        value = self.value_of(name)
        if isinstance(value, str):
            raise MissingField(name)
        return float(value)

    def text(self, name: str) -> str:
        return str(self.value_of(name))

    def has(self, name: str) -> bool:
        return self.node.latest is not None and self.node.latest.has(name)

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or the default where it is absent. Beside a number as the default only a number will do."""
        value = self.value_of(name) if self.has(name) else default
        if isinstance(value, str) and isinstance(default, int | float):
            raise MissingField(name)
        return value

    def config(self, name: str) -> str:
        """A setting from CONFIG GET or redis.conf."""
        value = self.node.settings.text(name)
        self.read[f"config:{name}"] = Evidence(text=f"{name} {value}", source="CONFIG", node=self.node.name)
        return value

    def has_config(self, name: str) -> bool:
        return name in self.node.settings

    # --- two samples ---

    def delta(self, name: str) -> float:
        """Growth of a counter between the two samples. MissingField without a second sample or after a restart."""
        growth = self.node.growth(name)
        self.read[name] = Evidence(
            text=f"{name}: {growth.before:g} → {growth.after:g} ({growth.seconds:.0f} s)", source="INFO ×2",
            node=self.node.name,
        )  # fmt: skip
        return growth.amount

    def rate(self, name: str) -> float:
        """Growth per second between the two samples."""
        amount = self.delta(name)
        return amount / self.node.growth(name).seconds

    # --- what was listed ---

    def need(self, kind: EvidenceKind) -> Any:
        """The parsed newest piece of a kind, such as a ClientList. MissingField when nobody pasted one."""
        return self.node.need(kind).data

    def latency_spikes(self) -> list[Spike]:
        """Events of LATENCY LATEST and DOCTOR. MissingField when neither says anything (monitoring may be off)."""
        watched = self.node.of_kind(EvidenceKind.LATENCY_LATEST, EvidenceKind.LATENCY_DOCTOR)
        told = [p for p in watched if p.data and not (p.kind == EvidenceKind.LATENCY_DOCTOR and p.data.is_disabled)]
        if not any(self._says_something(piece) for piece in told):
            raise MissingField("LATENCY LATEST")
        return [spike for piece in told for spike in self._spikes_of(piece)]

    @staticmethod
    def _says_something(piece: Piece) -> bool:
        if piece.kind == EvidenceKind.LATENCY_DOCTOR:
            return bool(piece.data.spikes or piece.data.is_quiet)
        return bool(piece.data.events)

    def _spikes_of(self, piece: Piece) -> list[Spike]:
        node = self.node.name
        if piece.kind == EvidenceKind.LATENCY_DOCTOR:
            return [
                Spike(s.event, s.worst_ms, s.average_ms, Evidence(
                    f"{s.event}: {s.count} spikes, worst {s.worst_ms:g} ms", "LATENCY DOCTOR", s.line, node))
                for s in piece.data.spikes
            ]  # fmt: skip
        return [
            Spike(e.name, e.max_ms, e.latest_ms, Evidence(
                f"{e.name}: latest {e.latest_ms} ms, max {e.max_ms} ms", "LATENCY LATEST", e.line, node, e.at))
            for e in piece.data.events
        ]  # fmt: skip

    # --- log ---

    def events(self, *names: str) -> list[LogEvent]:
        return self.node.log.of(*names)

    def count(self, *names: str) -> int:
        return self.node.log.count(*names)

    def said(self, *names: str) -> list[LogEvent]:
        """What clients, the kernel or the container's keeper said."""
        return self.node.said.of(*names)

    # --- the expression language ---

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "config": self._config_value,
            "has": self.has,
            "has_config": self.has_config,
            "delta": self.delta,
            "rate": self.rate,
            "events": self.count,
            "said": self.node.said.count,
            "get": self.get,
            "two_samples": lambda: self.node.earlier is not None,
            "keys": self.keys,
            "expires": self.expires,
        }

    # --- the keyspace ---

    def keys(self) -> int:
        """Keys of all databases. MissingField without INFO keyspace: an absent section is no empty server."""
        return sum(database.keys for database in self._databases())

    def expires(self) -> int:
        """Keys with a time to live."""
        return sum(database.expires for database in self._databases())

    def _databases(self) -> tuple[Database, ...]:
        databases = self.now.info.databases
        if not databases and "Keyspace" not in self.now.info.sections:
            raise MissingField("INFO keyspace")
        for database in databases:
            self.value_of(database.name)
        return databases

    def _config_value(self, name: str) -> Any:
        value = self.config(name)
        return int(value) if value.removeprefix("-").isdecimal() else value

    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(self.read.values())
