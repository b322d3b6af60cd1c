"""Ask a language model to explain on top of the rules' report, and let stand what the evidence bears out.

    analyst = ChatAnalyst(build_chat(config), lookups=Lookups(knowledge=search))
    for event in analyst(diagnosis, base, knowledge): ...      # text, tool and notice events, then a report

Whatever goes wrong (too slow, refused, cut off, nonsense, over the budget), the last report is a valid one: the rules',
with the reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field, replace

from incidents.analysis.chat.answer import EXPLANATION, WEIGHING, Answer, Weighing, read_answer, read_weighing
from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.composing import Examined, compose
from incidents.analysis.chat.masking import Masking
from incidents.analysis.chat.preparing import Preparation
from incidents.analysis.chat.prompts import prompt
from incidents.analysis.chat.speaking import Speaker
from incidents.analysis.chat.tools import Lookups, Toolbox
from incidents.analysis.chat.verdict import Verdict, held_by, rival_of, settle
from incidents.analysis.chat.verification import Trusting, Verifier
from incidents.analysis.chat.wording import say
from incidents.analysis.events import EventKind, RunEvent
from incidents.analysis.pipeline import RetrievedKnowledge
from incidents.analysis.report import AnalysisResult, Usage
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.redaction import ALL, Kind
from sre_portal.llm import base as llm
from sre_portal.llm.base import ChatModel, ChatOptions, Completed, ErrorKind, LLMError, Message, Retrying, TextDelta

logger = logging.getLogger(__name__)

ROUND_NEEDS = 0.15  # share of the time that must be left for a second round to make sense
LONG_WAIT = 1.0  # seconds of waiting for another attempt that are worth a notice
SHORT = {"length": "cut_short", "repeating": "repeating"}


@dataclass(frozen=True)
class Limits:
    """What one explanation may take."""

    seconds: float = 60.0
    tool_calls: int = 6
    answer_tokens: int = 4_000
    evidence_characters: int = 24_000


@dataclass(frozen=True)
class ChatAnalyst:
    """The analyst that a pipeline is given. `on_purpose` is told what the next call is for, for the audit."""

    chat: ChatModel
    masked: Collection[Kind] = ALL
    lookups: Lookups = field(default_factory=Lookups)
    limits: Limits = field(default_factory=Limits)
    weighs: bool = True
    verifies: bool = True
    prompt_version: int | None = None  # None: the newest
    on_purpose: Callable[[str, Masking], None] = lambda purpose, masking: None
    clock: Callable[[], float] = time.monotonic
    preparation: Preparation | None = None

    def ahead(self, diagnosis: Diagnosis, base: AnalysisResult) -> ChatAnalyst:
        """This analyst, at work on the evidence already."""
        return replace(self, preparation=self.prepare(diagnosis, base))

    def prepare(self, diagnosis: Diagnosis, base: AnalysisResult) -> Preparation:
        return Preparation(diagnosis, base, masked=self.masked, characters=self.limits.evidence_characters)

    def __call__(self, diagnosis: Diagnosis, base: AnalysisResult, knowledge: RetrievedKnowledge) -> Iterator[RunEvent]:
        run = _Explanation(self, base)
        try:
            yield from run.events(diagnosis, knowledge)
        except LLMError as failure:
            yield from run.give_up(failure.kind.value, failure.reason(base.language), failure.usage)
        except Exception:  # isolation point: whatever a model's answer sets off, the rules' report stands
            logger.exception("the chat analyst broke")
            yield from run.give_up("internal", say("internal", base.language), None)


def opening(
    diagnosis: Diagnosis,
    base: AnalysisResult,
    knowledge: RetrievedKnowledge,
    *,
    masked: Collection[Kind],
    characters: int,
) -> tuple[list[Message], Masking]:
    """What an analysis would send first, and the masking of it. For a preview; nothing is sent."""
    masking = Masking(masked)
    brief = Brief.of(diagnosis, base, knowledge, masking, characters=characters)
    return [Message("system", prompt("explain", base.language).text), Message("user", brief.written())], masking


class _Explanation:
    """One explanation, from the brief to the report."""

    def __init__(self, analyst: ChatAnalyst, base: AnalysisResult) -> None:
        self.analyst = analyst
        self.base = base
        self.language = base.language
        self.started = analyst.clock()
        self.used = llm.Usage()
        self.model = analyst.chat.name
        self.notes: list[str] = []
        self.facts: dict[str, object] = {}
        self.prompts: list[str] = []
        self.parts = 0

    def events(self, diagnosis: Diagnosis, knowledge: RetrievedKnowledge) -> Iterator[RunEvent]:
        analyst = self.analyst
        preparation = analyst.preparation or analyst.prepare(diagnosis, self.base)
        self.brief = preparation.brief(self.base, knowledge)
        kind = Verifier if analyst.verifies else Trusting
        self.verifier = kind(self.brief)
        self.messages = [self._instructions("explain"), Message("user", self.brief.written())]
        if self.brief.hostile:
            yield self._notice("instructions_in_evidence", say("hostile", self.language, places=self._places()))
        answer = yield from self._explain()
        examined = Examined.of(answer, self.verifier)
        weighing = yield from self._weigh(answer, examined)
        if weighing:
            examined.weigh(weighing, self.verifier)
        yield from self._conclude(examined, weighing)

    # --- First round -------------------------------------------------------------------------------------------

    def _explain(self) -> Generator[RunEvent, None, Answer]:
        """Let the model look things up and explain. Return its answer."""
        toolbox = Toolbox(self.brief, self.analyst.lookups, calls_left=self.analyst.limits.tool_calls)
        while True:
            self.analyst.on_purpose("explain", self.brief.masking)
            end = yield from self._ask(EXPLANATION, tools=toolbox.offered(), aloud=True)
            if not end.tool_calls:
                break
            self.messages.append(Message("assistant", end.text, tool_calls=end.tool_calls))
            if not toolbox.offered():
                raise LLMError(ErrorKind.BAD_RESPONSE, "it asks for tools and does not answer", model=self.model)
            for call in end.tool_calls:
                result, event = toolbox.run(call)
                yield event
                self.messages.append(Message("tool", result, tool_call_id=call.id))
        answer = read_answer(end.text)
        if not answer.says_something:
            raise LLMError(ErrorKind.BAD_RESPONSE, say("unreadable", self.language), model=self.model)
        if end.finish_reason in SHORT:
            self.notes.append(say(SHORT[end.finish_reason], self.language))
        self.messages.append(Message("assistant", end.text))
        return answer

    def _ask(self, schema: llm.Schema, *, tools: list[llm.Tool], aloud: bool) -> Generator[RunEvent, None, Completed]:
        """Ask once and return the end of the answer. With `aloud` its words are shown as they come."""
        options: ChatOptions = {
            "schema": schema, "tools": tools, "within": self._seconds_left(),
            "max_tokens": self.analyst.limits.answer_tokens, "temperature": 0.0,
        }  # fmt: skip
        speaker = Speaker(self.verifier, first_part=self.parts, clock=self.analyst.clock) if aloud else None
        with self.analyst.chat.stream(self.messages, **options) as events:
            for event in events:
                match event:
                    case TextDelta(text) if speaker:
                        yield from speaker.take(text)
                    case Retrying() if event.wait >= LONG_WAIT or event.attempt == 1:
                        reason = event.error.reason(self.language)
                        yield self._notice("retrying", say("retrying", self.language, reason=reason))
                    case Completed():
                        if speaker:
                            yield from speaker.finish()
                            self.parts = speaker.next_part
                            self.model = event.model
                        self._note_end(event)
                        return event
        raise LLMError(ErrorKind.BAD_RESPONSE, "the answer has no end", model=self.model)

    def _note_end(self, end: Completed) -> None:
        self.used += end.usage
        if end.ignored:
            self.facts["unsupported"] = list(end.ignored)

    # --- Second round ------------------------------------------------------------------------------------------

    def _weigh(self, answer: Answer, examined: Examined) -> Generator[RunEvent, None, Weighing | None]:
        """Have the strongest rival weighed, and struck statements put right. Return None if that was not possible."""
        held = held_by(self.brief, answer)
        rival = rival_of(self.brief, held)
        if not self.analyst.weighs or not (rival or examined.struck):
            return None
        limit = self.analyst.limits.seconds
        if self._seconds_left() < limit * ROUND_NEEDS:
            self.notes.append(say("not_weighed", self.language, reason=say("no_time", self.language)))
            return None
        self.messages += [Message("user", self._question(examined, held, rival))]
        self.analyst.on_purpose("weigh", self.brief.masking)
        try:
            end = yield from self._ask(WEIGHING, tools=[], aloud=False)
        except LLMError as failure:
            self.used += failure.usage or llm.Usage()
            self.notes.append(say("not_weighed", self.language, reason=failure.reason(self.language)))
            return None
        return read_weighing(end.text)

    def _question(self, examined: Examined, held: str, rival: str) -> str:
        label = {one.id: name for name, one in self.brief.hypotheses.items()}
        lines = [self._instructions("weigh").content, ""]
        lines.append(f"Hypothesis held| {label.get(held, '')} {held}")
        lines.append(f"Strongest rival| {label.get(rival, '')} {rival}")
        for number, one in enumerate(examined.explanation, start=1):
            state = f"struck out: {one.struck}" if one.struck else "stands"
            lines.append(f"Statement {number} ({state})| {' '.join(one.text.split())}")
        return self.brief.masking.text("\n".join(lines))

    # --- The end -----------------------------------------------------------------------------------------------

    def _conclude(self, examined: Examined, weighing: Weighing | None) -> Iterator[RunEvent]:
        if self.analyst.verifies:
            verdict = settle(self.brief, examined.answer, examined.deviation, weighing, examined.cited_findings)
        else:
            verdict = self._as_told(examined.answer)
        if not examined.standing:
            self.notes.append(say("nothing_stands", self.language))
            yield self._notice("nothing_stands", self.notes[-1])
        elif examined.struck:
            count = len(examined.struck)
            text = say("struck" if count > 1 else "struck_one", self.language, count=count)
            yield self._notice("struck", text)
        if self.model != self.analyst.chat.name:
            self.notes.append(say("by_fallback", self.language, asked=self.analyst.chat.name, model=self.model))
        report = compose(self.brief, examined, verdict, notes=self.notes)
        yield self._report(report, analyst=self.model if examined.standing else "rules")

    def _as_told(self, answer: Answer) -> Verdict:
        """The model's verdict as it stands, for the arm of an evaluation that does not check."""
        base = self.base
        confidence = base.confidence_score
        return Verdict(answer.severity or base.severity, answer.category or base.category, "", confidence)

    def give_up(self, code: str, reason: str, usage: llm.Usage | None) -> Iterator[RunEvent]:
        """End with the rules' report and the reason."""
        self.used += usage or llm.Usage()
        sentence = say("stands", self.language, reason=reason)
        yield self._notice(code, sentence)
        yield self._report(replace(self.base, notes=[*self.base.notes, sentence]), analyst="rules")

    def _report(self, report: AnalysisResult, *, analyst: str) -> RunEvent:
        elapsed = round((self.analyst.clock() - self.started) * 1000)
        masked = getattr(self, "brief", None)
        counts = {kind.value: count for kind, count in masked.masking.counts.items()} if masked else {}
        usage = Usage(
            input_tokens=self.used.tokens_in,
            output_tokens=self.used.tokens_out,
            cost_usd=round(self.used.cost or 0.0, 6),
            model=self.model,
            elapsed_ms=self.base.usage.elapsed_ms + elapsed,
        )
        told = {"masked": counts, "prompts": self.prompts, "price_known": self.used.cost is not None, **self.facts}
        report = replace(report, analyst=analyst, usage=usage, facts={**report.facts, "model": told})
        return RunEvent(EventKind.REPORT, report.as_json())

    # --- Small things ------------------------------------------------------------------------------------------

    def _instructions(self, name: str) -> Message:
        chosen = prompt(name, self.language, version=self.analyst.prompt_version)
        self.prompts.append(chosen.id)
        return Message("system", chosen.text)

    def _seconds_left(self) -> float:
        return max(self.analyst.limits.seconds - (self.analyst.clock() - self.started), 0.0)

    def _places(self) -> str:
        places = [self.brief.resolve(label) for label in self.brief.hostile[:5]]
        rest = len(self.brief.hostile) - 5
        return ", ".join(place.name for place in places if place) + (f" +{rest}" if rest > 0 else "")

    def _notice(self, code: str, message: str) -> RunEvent:
        return RunEvent(EventKind.NOTICE, {"code": code, "message": message})
