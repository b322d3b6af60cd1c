"""What of a model's answer may stand: every statement is held against what it says it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from incidents.analysis.chat.advice import MARKUP, Advice
from incidents.analysis.chat.answer import LABEL, Proposal, Statement
from incidents.analysis.chat.brief import Brief, Source
from incidents.analysis.chat.hostile import harmless, plain
from incidents.analysis.chat.numbers import unsupported
from incidents.analysis.chat.prompts import all_prompts
from incidents.analysis.chat.support import Support
from incidents.analysis.chat.wording import say
from incidents.analysis.report import QuotedEvidence, Step
from incidents.diagnostics.redaction.redactor import PLACEHOLDER

LONGEST = 1_500  # characters of one statement
SHORTEST_QUOTE = 4
PHRASE = 7  # words in a row that are no coincidence
SAID = re.compile(r"[\"“]([^\"“”\n]{16,400})[\"”]")  # something put in quotation marks within a statement
INLINE = re.compile(r"\s*[\[(]\s*(?:" + LABEL.pattern + r"[\s,;]*)+[\])]")


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement after the check. `struck` is the reason why it does not stand, "" when it does."""

    text: str
    sources: tuple[Source, ...] = ()
    struck: str = ""

    @property
    def stands(self) -> bool:
        return bool(self.text) and not self.struck

    def written(self) -> str:
        """The statement with its sources, as a report shows it."""
        names = ", ".join(dict.fromkeys(source.name for source in self.sources))
        return f"{self.text} [{names}]" if names else self.text


class Verifier:
    """Checks statements against one brief. Text is restored first: evidence is compared as it really is."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.language = brief.base.language
        self.advice = Advice(brief)
        self.support = Support(brief)

    def statement(self, raw: Statement, *, claims: bool = True) -> Checked:
        """Check a statement. `claims`: it says how things are, and not what to do or to look at."""
        text = self._clean(raw.text)
        if not text:
            return Checked("")
        sources, invented = self._sources(raw.cites)
        problem = (
            (say("markup", self.language) if MARKUP.search(raw.text) else "")
            or self._problem_of_form(text, sources, invented)
            or self._problem_of_echo(text)
            or self._problem_of_quotes(text, raw.quotes, sources)
            or self._problem_of_numbers(text, raw, sources)
            or self.advice.problem_of_words(text, sources)
            or (self.support.problem_of(text, sources) if claims else "")
        )
        return Checked(text, sources, problem)

    def problem_of_words(self, text: str) -> str:
        """Say why words may not be shown, even before it is known what they rest on. "" if they may."""
        text = harmless(self.brief.masking.restore(text[: 2 * LONGEST]))
        return self._problem_of_echo(text) or self.advice.problem_of_words(text)

    def step(self, proposal: Proposal) -> tuple[Step | None, Checked]:
        """A step of the model, or None; the statement beside it tells why."""
        checked = self.statement(proposal.statement, claims=False)
        command = self._clean(proposal.command).strip("`")
        shown = f"{checked.text} `{command}`" if command else checked.text
        if checked.stands and self.brief.hostile:
            return None, Checked(shown, checked.sources, say("hostile_step", self.language))
        if not checked.stands:
            return None, Checked(shown, checked.sources, checked.struck)
        step, problem = self.advice.step(checked.text, command)
        return step, Checked(shown, checked.sources, problem)

    def _clean(self, text: str) -> str:
        """The words to show: restored, plain, without the labels that the sources will be named by."""
        return INLINE.sub("", plain(self.brief.masking.restore(text[: 2 * LONGEST])))[:LONGEST].strip()

    def _sources(self, cites: Sequence[str]) -> tuple[tuple[Source, ...], list[str]]:
        found = {cite: self.brief.resolve(cite) for cite in cites}
        known = {source.label: source for source in found.values() if source is not None}
        return tuple(known.values()), [cite[:60] for cite, source in found.items() if source is None]

    def _problem_of_form(self, text: str, sources: Sequence[Source], invented: Sequence[str]) -> str:
        if invented:
            return say("no_such_source", self.language, cites=", ".join(invented))
        if not sources:
            return say("no_source", self.language)
        if all(source.kind == "step" for source in sources):
            return say("no_source", self.language)
        if all(source.label in self.brief.hostile for source in sources):
            return say("hostile_source", self.language)
        made_up = PLACEHOLDER.search(text)
        if made_up:
            return say("no_such_placeholder", self.language, placeholder=made_up[0])
        return ""

    def _problem_of_echo(self, text: str) -> str:
        is_echo = not prompt_phrases().isdisjoint(_phrases(text))
        return say("repeats_instructions", self.language) if is_echo else ""

    def _problem_of_quotes(self, text: str, quotes: Sequence[str], sources: Sequence[Source]) -> str:
        said = [self.brief.masking.restore(quote) for quote in quotes]
        said += SAID.findall(text)
        words = [_squeezed(source.words) for source in sources]
        for quote in said:
            bare = _squeezed(quote).strip("\"'“”`…")
            if len(bare) < SHORTEST_QUOTE:
                continue
            if not any(bare in text for text in words) and not self._stands_near(bare, sources):
                return say("no_such_quote", self.language, quote=bare[:120])
        return ""

    def _stands_near(self, quote: str, sources: Sequence[Source]) -> bool:
        """Whether a quote stands in shown lines of a piece that a finding among the sources, or a line, belongs to."""
        pieces = {source.label.partition(":")[0] for source in sources if source.kind == "evidence"}
        names = {q.source for source in sources for q in self._quoted_by(source)}
        sheets = [sheet for sheet in self.brief.sheets if sheet.label in pieces or sheet.source in names]
        return any(quote in _squeezed(sheet.text_of(sorted(sheet.shown))) for sheet in sheets)

    def _quoted_by(self, source: Source) -> Sequence[QuotedEvidence]:
        finding = self.brief.findings.get(source.label)
        return finding.evidence if finding else ()

    def _problem_of_numbers(self, text: str, raw: Statement, sources: Sequence[Source]) -> str:
        given = [source.words for source in sources]
        given += [self.brief.masking.restore(quote) for quote in raw.quotes]
        given += [self.brief.masking.restore(found[0]) for found in PLACEHOLDER.finditer(raw.text)]
        given += [self.brief.rules_words, *(f.words for f in self._findings())]
        wrong = unsupported(text, given)
        return say("no_such_number", self.language, numbers=", ".join(wrong[:4])) if wrong else ""

    def _findings(self) -> list[Source]:
        return [source for label in self.brief.findings if (source := self.brief.resolve(label))]


@cache
def prompt_phrases() -> frozenset[str]:
    """Runs of words of our own prompts, which belong in no report."""
    return frozenset(phrase for prompt in all_prompts() for phrase in _phrases(prompt.text))


def _phrases(text: str) -> Iterator[str]:
    words = re.findall(r"\w+", text.lower())
    return (" ".join(words[start : start + PHRASE]) for start in range(len(words) - PHRASE + 1))


def _squeezed(text: str) -> str:
    return " ".join(text.split())


class Trusting(Verifier):
    """Lets everything stand: the arm of an evaluation that shows what the check is worth."""

    def statement(self, raw: Statement, *, claims: bool = True) -> Checked:
        sources, _ = self._sources(raw.cites)
        return Checked(self._clean(raw.text), sources)

    def problem_of_words(self, text: str) -> str:
        return ""

    def step(self, proposal: Proposal) -> tuple[Step | None, Checked]:
        checked = self.statement(proposal.statement)
        command = self._clean(proposal.command).strip("`")
        return (Step(title=checked.text, command=command, source="model") if checked.text else None), checked
