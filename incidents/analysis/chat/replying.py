"""Answer a question about an incident, or write a draft for others, with the same care as the explanation.

for event in Replying(chat, masking…).events(material, question): ...     # text, tool and notice events, then a reply
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from incidents.analysis.chat.analyst import Limits
from incidents.analysis.chat.answer import REPLY, read_answer
from incidents.analysis.chat.brief import Brief
from incidents.analysis.chat.masking import Masking
from incidents.analysis.chat.prompts import prompt
from incidents.analysis.chat.speaking import Speaker
from incidents.analysis.chat.tools import Lookups, Toolbox
from incidents.analysis.chat.verification import Checked, Verifier
from incidents.analysis.chat.wording import say
from incidents.analysis.events import RunEvent
from incidents.analysis.pipeline import RetrievedKnowledge
from incidents.analysis.report import AnalysisResult
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.redaction import ALL, Kind
from incidents.diagnostics.redaction.redactor import PLACEHOLDER
from sre_portal.llm import base as llm
from sre_portal.llm.base import ChatModel, ChatOptions, Completed, ErrorKind, LLMError, Message, TextDelta

logger = logging.getLogger(__name__)
MOST_EARLIER = 8  # turns of the conversation that are sent along


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of the incident: everything that the analysis had, and its report."""

    diagnosis: Diagnosis
    base: AnalysisResult  # the rules' report, which labels and checks refer to
    knowledge: RetrievedKnowledge
    report: AnalysisResult  # the report as it stands


@dataclass(frozen=True, slots=True)
class Earlier:
    """A question that was asked before, and what was answered."""

    question: str
    answer: str


@dataclass
class Reply:
    """What came of it. `failure` says why nothing did."""

    text: str = ""
    struck: list[dict[str, str]] = field(default_factory=list)
    model: str = "rules"
    usage: llm.Usage = field(default_factory=llm.Usage)
    failure: str = ""


@dataclass
class Replying:
    """One question or draft. After `events` has ended, `reply` holds the result."""

    chat: ChatModel
    purpose: str = "follow-up"  # names the prompt: follow-up or draft
    masked: Collection[Kind] = ALL
    lookups: Lookups = field(default_factory=Lookups)
    limits: Limits = field(default_factory=Limits)
    public: bool = False  # for readers outside: nothing masked is put back
    on_purpose: Callable[[str, Masking], None] = lambda purpose, masking: None
    clock: Callable[[], float] = time.monotonic
    reply: Reply = field(default_factory=Reply)

    def events(self, material: Material, question: str, earlier: Sequence[Earlier] = ()) -> Iterator[RunEvent]:
        language = material.report.language
        try:
            yield from self._events(material, question, earlier)
        except LLMError as failure:
            self.reply.usage += failure.usage or llm.Usage()
            self.reply.failure = failure.reason(language)
        except Exception:  # isolation point: a question must not leave an answer that never ends
            logger.exception("answering broke")
            self.reply.failure = say("internal", language)

    def _events(self, material: Material, question: str, earlier: Sequence[Earlier]) -> Iterator[RunEvent]:
        masking = Masking(self.masked)
        brief = Brief.of(
            material.diagnosis, material.base, material.knowledge, masking, characters=self.limits.evidence_characters
        )
        verifier = Verifier(brief)
        messages = _messages(self.purpose, brief, material.report, question, earlier)
        end = yield from self._ask(messages, brief, verifier)
        answer = read_answer(end.text)
        checked = [verifier.statement(one) for one in answer.explanation]
        standing = [one for one in checked if one.stands]
        self.reply.model = end.model
        self.reply.struck = [{"text": one.text, "reason": one.struck} for one in checked if one.struck]
        self.reply.text = "\n\n".join(self._shown(one, brief) for one in standing)
        if not standing:
            self.reply.failure = say("nothing_verified", material.report.language)

    def _ask(self, messages: list[Message], brief: Brief, verifier: Verifier) -> Generator[RunEvent, None, Completed]:
        toolbox = Toolbox(brief, self.lookups, calls_left=self.limits.tool_calls)
        started = self.clock()
        while True:
            options: ChatOptions = {
                "schema": REPLY, "tools": toolbox.offered(), "temperature": 0.0,
                "within": max(self.limits.seconds - (self.clock() - started), 0.0),
                "max_tokens": self.limits.answer_tokens,
            }  # fmt: skip
            self.on_purpose(self.purpose, brief.masking)
            end = yield from self._listen(messages, options, Speaker(verifier, clock=self.clock))
            self.reply.usage += end.usage
            if not end.tool_calls:
                return end
            if not toolbox.offered():
                raise LLMError(ErrorKind.BAD_RESPONSE, "it asks for tools and does not answer", model=end.model)
            messages.append(Message("assistant", end.text, tool_calls=end.tool_calls))
            for call in end.tool_calls:
                result, event = toolbox.run(call)
                yield event
                messages.append(Message("tool", result, tool_call_id=call.id))

    def _listen(
        self, messages: Sequence[Message], options: ChatOptions, speaker: Speaker
    ) -> Generator[RunEvent, None, Completed]:
        with self.chat.stream(messages, **options) as events:
            for event in events:
                if isinstance(event, TextDelta) and not self.public:
                    yield from speaker.take(event.text)
                elif isinstance(event, Completed):
                    yield from speaker.finish()
                    return event
        raise LLMError(ErrorKind.BAD_RESPONSE, "the answer has no end", model=self.chat.name)

    def _shown(self, one: Checked, brief: Brief) -> str:
        """A statement as its reader gets it: with its sources for the team, without any name for the public."""
        if self.purpose == "follow-up":
            return one.written()
        if not self.public:
            return one.text
        return PLACEHOLDER.sub(say("somewhere", brief.base.language), brief.masking.text(one.text))


def _messages(
    purpose: str, brief: Brief, report: AnalysisResult, question: str, earlier: Sequence[Earlier]
) -> list[Message]:
    masked = brief.masking.text
    language = report.language
    messages = [Message("system", prompt(purpose, language).text), Message("user", brief.written())]
    messages.append(Message("assistant", masked(f"{report.summary}\n\n{report.root_cause_analysis}")))
    for turn in list(earlier)[-MOST_EARLIER:]:
        messages += [Message("user", masked(turn.question)), Message("assistant", masked(turn.answer))]
    return [*messages, Message("user", masked(question))]
