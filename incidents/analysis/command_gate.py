"""The truth gate at the door of the report: no step leaves with a command that the operator's server does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

from incidents.analysis.phrases import phrases
from incidents.analysis.report import Step
from incidents.diagnostics.commands import (
    TOPOLOGIES,
    Estimate,
    Target,
    Verdict,
    check,
    estimate,
    parse_version,
    render,
)
from incidents.diagnostics.commands.tables import commands, containers, read_toml
from incidents.diagnostics.dossier import Dossier
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.text import Text

# What in endpoints, INFO or prose gives a managed service away.
_SERVICES = (
    ("memorydb", re.compile(r"memorydb", re.I)),
    ("elasticache", re.compile(r"elasticache|\.cache\.amazonaws\.com", re.I)),
    (
        "azure",
        re.compile(r"redis\.cache\.windows\.net|azure (?:cache|managed redis)|redisenterprise\.cache\.azure", re.I),
    ),
    ("gcp-memorystore", re.compile(r"memorystore", re.I)),
    ("redis-cloud", re.compile(r"redis ?cloud|\.redns\.|cloud\.redislabs\.com", re.I)),
    ("redis-enterprise", re.compile(r"redis enterprise|rladmin", re.I)),
)
NOTHING = Text("", "")
_RISKS = [Risk.READ_ONLY.value, Risk.CHANGES_SETTINGS.value, Risk.BLOCKS.value, Risk.LOSES_DATA.value]


# The same few hundred commands of the catalogue are asked about in every analysis.
_render = lru_cache(maxsize=4096)(render)


@lru_cache(maxsize=4096)
def _check(command: str, target: Target) -> Verdict:
    return check(command, target=target)


def target_of(dossier: Dossier) -> Target:
    """The server that commands are meant for, as far as the evidence tells."""
    texts = f"{dossier.prose}\n{dossier.client_errors}\n{dossier.intake.deployment_type}"
    managed = next((name for name, pattern in _SERVICES if pattern.search(texts)), None)
    topology = dossier.deployment if dossier.deployment in TOPOLOGIES else ""
    version = parse_version(dossier.version) if dossier.version else None
    product = "valkey" if dossier.is_valkey else "redis"
    return Target(product, version, topology, managed, refused_in(dossier))


def refused_in(dossier: Dossier) -> frozenset[str]:
    """Commands that the server is said to refuse, by its own replies, its configuration or the reporter."""
    texts = [dossier.prose, dossier.client_errors, *(p.text for p in dossier.of_kind(EvidenceKind.CONFIG))]
    found = (match["command"] for pattern in _refusals() for text in texts for match in pattern.finditer(text))
    return frozenset(name for word in found if (name := word.replace("|", " ").upper()) in {*commands(), *containers()})


@cache
def _refusals() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in read_toml("dialects.toml")["refused"]["patterns"])


def counts_of(dossier: Dossier) -> Mapping[str, int]:
    """What the time of O(N) commands depends on, as far as INFO tells: keys, clients, the size of the data set."""
    node = dossier.main
    databases = node.info.databases
    counts = {"keys": sum(database.keys for database in databases)} if databases else {}
    for name, field_name in (("clients", "connected_clients"), ("dataset", "used_memory")):
        with suppress(MissingField):
            counts[name] = int(node.info.fields.number(field_name))
    return counts


@dataclass
class CommandGate:
    """Passes steps on in the dialect of one server, and remembers what it held back and why."""

    target: Target
    language: str
    counts: Mapping[str, int] = field(default_factory=dict)
    forbidden: tuple[str, ...] = ()
    withheld: list[dict[str, Any]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def pass_steps(self, steps: Iterable[Step]) -> list[Step]:
        passed = (self.pass_step(step) for step in steps)
        return [step for step in passed if step is not None]

    def pass_step(self, step: Step) -> Step | None:
        """The step as the target says it, without a command where only another way exists. None: held back."""
        if not step.command:
            return self._warned(step)
        if any(word.lower() in step.command.lower() for word in self.forbidden):
            self._withhold(step, Text("사내 규칙이 금지한 명령입니다.", "House rules forbid this command."))
            return None
        rendering = _render(step.command, self.target)
        if not rendering.command:
            return self._without_command(step, rendering.text)
        other_way = _check(step.command, self.target).command != _check(rendering.command, self.target).command
        return self._judged(
            replace(
                step,
                command=rendering.command,
                # A service's own command does not share the risk of the one it stands for.
                risk=Risk.READ_ONLY.value if other_way else step.risk,
                undo="" if other_way else self._say(step.undo),
                verify=self._say(step.verify),
            )
        )

    def _without_command(self, step: Step, way: Text) -> Step | None:
        if not way:
            self._withhold(step, Text("이 서버에 없는 명령입니다.", "This server does not have the command."))
            return None
        self._withhold(step, way)
        title = f"{step.title} {way.say(self.language)}".strip()
        return self._warned(replace(step, command="", title=title, undo="", verify=self._say(step.verify)))

    def _judged(self, step: Step) -> Step | None:
        verdict = _check(step.command, self.target)
        if not verdict.ok and verdict.kind != "unknown":
            self._withhold(step, verdict.reasons[0] if verdict.reasons else Text("", ""))
            return None
        worst = max(step.risk, verdict.risk.value, key=_RISKS.index)
        reasons = [reason.say(self.language) for reason in verdict.reasons]
        self.shown.append(
            {"command": step.command, "ok": verdict.ok, "kind": verdict.kind, "risk": worst, "reasons": reasons}
        )
        cost = estimate(step.command, **self.counts)
        judged = replace(
            step,
            risk=worst,
            warning=step.warning or (verdict.warning.say(self.language) if verdict.warning else ""),
            blocking_ms=round(cost.milliseconds) if cost and cost.blocking and cost.milliseconds is not None else None,
            cost=cost_in_words(verdict, cost).say(self.language),
            undo=step.undo or self._say(verdict.undo),
            verify=step.verify or self._say(verdict.verify),
        )
        return self._warned(judged)

    def _warned(self, step: Step) -> Step:
        """What may lose data says so, even where nobody wrote a warning of its own."""
        if step.risk != Risk.LOSES_DATA.value or step.warning:
            return step
        return replace(step, warning=phrases()["loses_data"].say(self.language))

    def _say(self, command: str) -> str:
        """Undo and verify commands in the same dialect. Empty where the server has none."""
        return _render(command, self.target).command if command else ""

    def _withhold(self, step: Step, reason: Text) -> None:
        self.withheld.append({"command": step.command, "reason": reason.say(self.language)})


def cost_in_words(verdict: Verdict, cost: Estimate | None) -> Text:
    """What running a command costs the server."""
    said = phrases()
    if cost is None:
        if verdict.command == "--intrinsic-latency":
            return said["cost_core"]
        if verdict.command.startswith("--") and verdict.risk is Risk.READ_ONLY:
            return said["cost_steps"]
        if not verdict.concerns_redis:
            return said["cost_host"] if verdict.risk is Risk.READ_ONLY else NOTHING
        known = {Risk.READ_ONLY: "cost_reads", Risk.CHANGES_SETTINGS: "cost_changes"}
        return said[known[verdict.risk]] if verdict.risk in known else NOTHING
    if cost.milliseconds is None:
        return cost.basis
    if not cost.blocking:
        return cost.basis
    if cost.milliseconds < 1:
        return said["cost_little"].format(basis=cost.basis)
    return said["cost_blocks"].format(ms=cost.milliseconds, basis=cost.basis)
