"""Which commands a model's words may hold: what rules or the team's documents propose, and harmless looks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from incidents.analysis.chat.brief import Brief, Source, normal
from incidents.analysis.chat.hostile import OPENING_TAG
from incidents.analysis.chat.wording import say
from incidents.analysis.command_gate import CommandGate
from incidents.analysis.house_rules import is_forbidden
from incidents.analysis.report import Step
from incidents.diagnostics.commands import check, extract_commands
from incidents.diagnostics.commands.tables import find_command
from incidents.diagnostics.findings import Risk

SHELL = re.compile(r"[|;&<>$`\n\\]|\$\(")
MARKUP = re.compile(rf"{OPENING_TAG}|\]\(|\]:\s*\S+:", re.IGNORECASE)
CALLS = re.compile(r"\b(?:redis|valkey)-cli\b[^\n.。]*")
CONNECTION = re.compile(r"\s(?:-h|-p|-u|-a|--user|--pass|-s|--tls\S*|--sni|--eval|--pipe|--rdb|-x|-X)(?:\s|$|=)")


@dataclass(frozen=True, slots=True)
class Dangers:
    words: tuple[re.Pattern[str], ...]
    advice: re.Pattern[str]
    links: re.Pattern[str]
    hosts: re.Pattern[str]
    diagnostic: frozenset[str]
    secret_settings: frozenset[str]
    after_a_name: frozenset[str]


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
        advice=re.compile(data["advice"], re.IGNORECASE),
        links=re.compile(data["links"], re.IGNORECASE),
        hosts=re.compile(data["hosts"], re.IGNORECASE),
        diagnostic=frozenset(data["diagnostic"]),
        secret_settings=frozenset(data["secret_settings"]),
        after_a_name=frozenset(data["after_a_name"]),
    )


class Advice:
    """Judges what a model would have the operator run. Reasons are in the report's language."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.language = brief.base.language
        self.gate = CommandGate(brief.target, self.language, forbidden=brief.forbidden)

    @cached_property
    def proposed(self) -> set[str]:
        return self.brief.commands_of_rules()

    @cached_property
    def _documented(self) -> set[str]:
        return self.brief.commands_of_documents()

    @cached_property
    def _trusted(self) -> str:
        """What was said by rules or by the team: where a link may come from."""
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

    def problem_of_words(self, text: str, sources: Sequence[Source] | None = None) -> str:
        """Say why a statement may not stand because of what it would have somebody do, or return "".

        Without `sources` it is not known yet what the statement rests on, and it gets the benefit of the doubt.
        """
        if is_forbidden(text, self.brief.forbidden):
            return say("forbidden", self.language)
        if MARKUP.search(text):
            return say("markup", self.language)
        return self._problem_of_addresses(text) or self._problem_of_mentions(text, sources)

    def _problem_of_addresses(self, text: str) -> str:
        for pattern, known in ((dangers().links, self._trusted), (dangers().hosts, f"{self._trusted}\n{self._quoted}")):
            for found in pattern.finditer(text):
                if found[0].lower().rstrip(".,);") not in known:
                    return say("unknown_address", self.language, address=found[0][:80])
        return ""

    def _problem_of_mentions(self, text: str, sources: Sequence[Source] | None) -> str:
        """A command may be named if the rules speak of it where the statement points; advised if they advise it."""
        said = self._said_by_rules(sources)
        advises = dangers().advice.search(text) is not None
        for command in mentioned(text):
            if normal(command) in self.proposed:
                continue
            known = " ".join(command.lower().split()) in said
            problem = self.problem_of_command(command)
            if problem and (advises or not known):
                return problem
        for pattern in dangers().words:
            for found in pattern.finditer(text):
                words = " ".join(found[0].lower().split())
                is_proposed = any(words in command for command in self.proposed)
                if not (is_proposed or (words in said and not advises)):
                    return say("unasked_command", self.language, command=found[0])
        return ""

    def _said_by_rules(self, sources: Sequence[Source] | None) -> str:
        if sources is None:
            return " ".join(f"{self.brief.rules_words}\n{self._quoted}".lower().split())
        kinds = ("finding", "hypothesis", "step")
        words = [source.words for source in sources if source.kind in kinds]
        words += [source.words for source in sources if source.kind == "knowledge" and self._is_trusted(source)]
        return " ".join("\n".join(words).lower().split())

    def _is_trusted(self, source: Source) -> bool:
        return source.label not in self.brief.hostile

    def problem_of_command(self, command: str) -> str:
        """Say why a step's command may not be shown, or return ""."""
        if is_forbidden(command, self.brief.forbidden):
            return say("forbidden", self.language)
        if normal(command) in self.proposed:
            return ""
        verdict = check(command, target=self.brief.target)
        if not verdict.ok:
            return verdict.reasons[0].say(self.language) if verdict.reasons else say("no_command", self.language)
        # Also of a document only what looks: who gets a document into the knowledge base must not get a command out.
        known = verdict.command in dangers().diagnostic or normal(command) in self._documented
        if verdict.risk is not Risk.READ_ONLY or not known:
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


def mentioned(text: str) -> Iterator[str]:
    """Commands that a text holds: in backticks, after redis-cli, or as capitals in a sentence."""
    yield from extract_commands(text)
    for found in CALLS.finditer(text.replace("`", " ")):
        yield found[0].strip()
    words = re.sub(r"[`“”\"]", " ", text).split()
    for place, word in enumerate(words):
        if re.fullmatch(r"[A-Z][A-Z-]{2,}", word) and find_command(words[place : place + 2])[1]:
            yield " ".join(_arguments(words[place:]))


def _arguments(words: Sequence[str]) -> Iterator[str]:
    """A command's words within a sentence, as far as they look like its own."""
    for word in words[:5]:
        bare = word.rstrip(".,;:)")
        if bare in dangers().after_a_name:
            return
        yield bare
        if bare != word:
            return
