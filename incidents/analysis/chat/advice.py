"""Which commands a model's words may hold: what rules or the team's documents propose, and harmless looks."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from incidents.analysis.chat.brief import Brief, normal
from incidents.analysis.chat.wording import say
from incidents.analysis.command_gate import CommandGate
from incidents.analysis.house_rules import is_forbidden
from incidents.analysis.report import Step
from incidents.diagnostics.commands import check, extract_commands
from incidents.diagnostics.findings import Risk

SHELL = re.compile(r"[|;&<>$`\n\\]|\$\(")
CONNECTION = re.compile(r"\s(?:-h|-p|-u|-a|--user|--pass|-s|--tls\S*|--sni|--eval|--pipe|--rdb|-x|-X)(?:\s|$|=)")


@dataclass(frozen=True, slots=True)
class Dangers:
    words: tuple[re.Pattern[str], ...]
    links: re.Pattern[str]
    hosts: re.Pattern[str]
    diagnostic: frozenset[str]
    secret_settings: frozenset[str]


@cache
def dangers() -> Dangers:
    with Path(__file__).with_name("dangerous.toml").open("rb") as stream:
        data = tomllib.load(stream)
    any_case = "|".join(name.replace(" ", r"\s+") for name in data["commands"])
    capitals = "|".join(data["in_capitals"])
    return Dangers(
        words=(
            re.compile(rf"(?<![\w-])(?:{any_case})(?![\w-])", re.IGNORECASE),
            re.compile(rf"(?<![\w-])(?:{capitals})(?![\w-])"),
            *(re.compile(pattern, re.IGNORECASE) for pattern in data["patterns"]),
        ),
        links=re.compile(data["links"], re.IGNORECASE),
        hosts=re.compile(data["hosts"], re.IGNORECASE),
        diagnostic=frozenset(data["diagnostic"]),
        secret_settings=frozenset(data["secret_settings"]),
    )


class Advice:
    """Judges what a model would have the operator run. Reasons are in the report's language."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.language = brief.base.language
        self.gate = CommandGate(brief.target, self.language, forbidden=brief.forbidden)

    @cached_property
    def proposed(self) -> set[str]:
        return self.brief.proposed_commands()

    @cached_property
    def _trusted(self) -> str:
        """What was said by rules or by the team, where a dangerous word may come from."""
        return f"{self.brief.rules_words}\n{self.brief.trusted_documents()}".lower()

    @cached_property
    def _quoted(self) -> str:
        """What the rules found worth quoting from the evidence."""
        return "\n".join(quote.text for finding in self.brief.findings.values() for quote in finding.evidence).lower()

    @cached_property
    def _handed_in(self) -> str:
        """What the evidence holds: a command that stands there is data, not advice."""
        texts = (sheet.piece.text[:400_000] for sheet in self.brief.sheets)
        hostile = (self.brief.documents[label].text for label in self.brief.hostile if label in self.brief.documents)
        incidents = (one.text for label, one in self.brief.documents.items() if label.startswith("P"))
        return " ".join("\n".join([*texts, *hostile, *incidents]).lower().split())

    def problem_of_words(self, text: str) -> str:
        """Say why a statement may not stand because of what it would have somebody do, or return ""."""
        if is_forbidden(text, self.brief.forbidden):
            return say("forbidden", self.language)
        for pattern in dangers().words:
            for found in pattern.finditer(text):
                if " ".join(found[0].lower().split()) not in self._trusted:
                    return say("unasked_command", self.language, command=found[0])
        for pattern, known in ((dangers().links, self._trusted), (dangers().hosts, f"{self._trusted}\n{self._quoted}")):
            for found in pattern.finditer(text):
                if found[0].lower().rstrip(".,);") not in known:
                    return say("unknown_address", self.language, address=found[0][:80])
        for command in extract_commands(text):
            problem = self._problem_in_passing(command)
            if problem:
                return problem
        return ""

    def _problem_in_passing(self, command: str) -> str:
        """A command in a sentence: it has to exist, and it may only be one that was proposed or that only looks."""
        if normal(command) in self.proposed:
            return ""
        verdict = check(command, target=self.brief.target)
        if not verdict.ok and verdict.concerns_redis:
            return verdict.reasons[0].say(self.language)
        if verdict.risk is not Risk.READ_ONLY:
            return say("unasked_command", self.language, command=command[:80])
        return ""

    def problem_of_command(self, command: str) -> str:
        """Say why a step's command may not be shown, or return ""."""
        if is_forbidden(command, self.brief.forbidden):
            return say("forbidden", self.language)
        if normal(command) in self.proposed:
            return ""
        verdict = check(command, target=self.brief.target)
        if not verdict.ok:
            return verdict.reasons[0].say(self.language) if verdict.reasons else say("no_command", self.language)
        if verdict.risk is not Risk.READ_ONLY or verdict.command not in dangers().diagnostic:
            return say("unasked_command", self.language, command=command[:80])
        if SHELL.search(command) or CONNECTION.search(f" {command} ") or self._tells_secrets(command):
            return say("unasked_command", self.language, command=command[:80])
        if len(normal(command).split()) > 1 and normal(command) in self._handed_in:
            return say("from_evidence", self.language, command=command[:80])
        return ""

    def _tells_secrets(self, command: str) -> bool:
        words = normal(command).split()
        return words[:2] == ["config", "get"] and any(
            name in dangers().secret_settings or "*" in name or "?" in name or "pass" in name or "auth" in name
            for name in words[2:]
        )

    def step(self, title: str, command: str) -> tuple[Step | None, str]:
        """A step that may be shown, or None with the reason."""
        if not command:
            return Step(title=title, source="model"), ""
        problem = self.problem_of_command(command)
        if problem:
            return None, problem
        passed = self.gate.pass_step(Step(title=title, command=command, source="model"))
        if passed is None:
            return None, str(self.gate.withheld[-1]["reason"]) or say("no_command", self.language)
        return passed, ""
