"""The chat analyst as a whole, against a local endpoint that behaves and one that does not."""

from __future__ import annotations

import json
import time

import pytest

from incidents.analysis.chat.analyst import ChatAnalyst, Limits
from incidents.analysis.events import EventKind
from incidents.analysis.report import from_json
from sre_portal.llm import registry
from sre_portal.llm.base import ErrorKind, LLMError, ToolCall
from sre_portal.llm.budget import Budget, Limit
from tests.incidents.analysis.chat.conftest import LIMIT
from tests.incidents.analysis.chat.samples import (
    ANSWER,
    GOOD,
    HOLDS,
    answered,
    intake,
    notices,
    reports,
    rules_report,
    run,
    said,
    scripted,
    words,
)
from tests.openai_replies import Reply, tool_call

# Everything that an endpoint can do to us, and the code of the notice that says so.
MISBEHAVIOURS = {
    "rate-limited": "rate_limited",
    "out-of-quota": "rate_limited",
    "server-error": "unavailable",
    "overloaded": "unavailable",
    "wrong-key": "auth",
    "unknown-model": "misconfigured",
    "too-long": "misconfigured",
    "slow-headers": "timeout",
    "slow-first-byte": "timeout",
    "stall": "timeout",
    "stall-with-pings": "timeout",
    "cut": "interrupted",
    "garbage": "bad_response",
    "error-in-the-middle": "unavailable",
    "empty": "bad_response",
    "invalid-json": "bad_response",
    "wrong-schema": "bad_response",
    "refusal": "refused",
    "filtered": "refused",
    "hallucinated-citation": "nothing_stands",
    "endless": "nothing_stands",
    "repeating": "nothing_stands",
    "tool-loop": "nothing_stands",
}


class GoodAnswerTests:
    def test_becomes_the_report(self, openai_server, analyst):
        openai_server.reply_with(answered(), json.dumps(HOLDS))

        events = run(analyst())

        first, last = reports(events)
        assert first["analyst"] == "rules"
        assert last["analyst"] == "openai:local-model"
        assert last["summary"] == "Memory is full; writes are refused."
        assert last["root_cause_analysis"].startswith("Memory is full and `noeviction` forbids making room")
        assert "[mem-" in last["root_cause_analysis"]
        assert (last["severity"], last["category"]) == (first["severity"], first["category"])
        assert last["findings"] == first["findings"]
        assert last["facts"]["struck"] == []
        assert last["facts"]["rules"]["summary"] == first["summary"]
        assert events[-1].kind is EventKind.DONE

    def test_is_shown_while_it_comes(self, openai_server, analyst):
        openai_server.reply_with(Reply(answered(), pace=0.02), json.dumps(HOLDS))

        events = run(analyst(limits=Limits(seconds=LIMIT)))

        pieces = [event for event in events if event.kind is EventKind.TEXT]
        assert len(pieces) > 4
        assert words(events) == "\n\n".join(item["text"] for item in ANSWER["explanation"])

    def test_counts_what_it_used(self, openai_server, analyst):
        openai_server.reply_with(answered(), json.dumps(HOLDS))

        usage = reports(run(analyst()))[-1]["usage"]

        assert usage["model"] == "openai:local-model"
        assert usage["input_tokens"] > 500
        assert usage["output_tokens"] > 20
        assert usage["elapsed_ms"] > 0

    def test_asks_with_the_schema_and_in_the_language_of_the_report(self, openai_server, analyst):
        openai_server.reply_with(answered(), json.dumps(HOLDS))

        run(analyst(), language="ko")

        asked, weighed = openai_server.requests
        assert asked.body["response_format"]["json_schema"]["name"] == "explanation"
        assert weighed.body["response_format"]["json_schema"]["name"] == "weighing"
        assert "당직 운영자" in asked.body["messages"][0]["content"]

    def test_weighs_the_strongest_rival(self, openai_server, analyst):
        reason = said("Fragmentation explains less of it.", "F1")
        openai_server.reply_with(answered(), json.dumps({**HOLDS, "reason": reason}))

        last = reports(run(analyst()))[-1]

        assert "Fragmentation explains less of it." in last["root_cause_analysis"]
        assert "Strongest rival" in openai_server.requests[1].body["messages"][-1]["content"]
        assert last["facts"]["model"]["prompts"] == ["explain-2.en", "weigh-1.en"]

    def test_keeps_the_answer_when_the_second_round_fails(self, openai_server, analyst):
        openai_server.reply_with(answered(), Reply(status=500, error="no"))

        last = reports(run(analyst()))[-1]

        assert last["analyst"] == "openai:local-model"
        assert any("could not be weighed" in note for note in last["notes"])


class StruckStatementTests:
    STRAY = said("4,711 clients were waiting.", "F1")

    def test_are_kept_with_the_reason_and_told(self, openai_server, analyst):
        openai_server.reply_with(answered(explanation=[GOOD, self.STRAY]), json.dumps(HOLDS))

        events = run(analyst())

        last = reports(events)[-1]
        assert [item["text"] for item in last["facts"]["struck"]] == ["4,711 clients were waiting."]
        assert "4,711" not in last["root_cause_analysis"]
        assert "struck" in notices(events)
        struck = [event.payload for event in events if event.kind is EventKind.TEXT and "struck" in event.payload]
        assert [(item["part"], "4,711" in item["struck"]) for item in struck] == [(1, True)]

    def test_may_be_put_right_in_the_second_round(self, openai_server, analyst):
        rewrite = {"number": 2, **said("5,312 commands were refused.", "F1")}
        openai_server.reply_with(answered(explanation=[GOOD, self.STRAY]), json.dumps({**HOLDS, "rewrites": [rewrite]}))

        last = reports(run(analyst()))[-1]

        assert "5,312 commands were refused." in last["root_cause_analysis"]
        assert last["facts"]["struck"] == []

    def test_leave_the_rules_report_when_nothing_stands(self, openai_server, analyst):
        openai_server.reply_with(answered(explanation=[self.STRAY], summary=said("")), json.dumps(HOLDS))

        events = run(analyst())

        first, last = reports(events)
        assert last["analyst"] == "rules"
        assert last["root_cause_analysis"] == first["root_cause_analysis"]
        assert "nothing_stands" in notices(events)


class VerdictTests:
    def test_keeps_the_rules_and_shows_the_disagreement(self, openai_server, analyst):
        deviation = said("It has passed.", "F1")
        openai_server.reply_with(answered(severity="low", category="security", deviation=deviation), json.dumps(HOLDS))

        first, last = reports(run(analyst()))

        assert (last["severity"], last["category"]) == (first["severity"], first["category"])
        told = {item["field"]: item for item in last["facts"]["disagreements"]}
        assert told["severity"]["model"] == "low"
        assert not told["severity"]["adopted"]
        assert told["category"]["reason"] == "It has passed."
        assert any("low" in note for note in last["notes"])


class ToolTests:
    def test_are_run_and_shown(self, openai_server, analyst):
        openai_server.reply_with(
            tool_call("read_evidence", {"part": "E2", "containing": "maxmemory"}), answered(), json.dumps(HOLDS)
        )

        events = run(analyst())

        (tool,) = [event.payload for event in events if event.kind is EventKind.TOOL]
        assert tool["name"] == "read_evidence"
        assert "maxmemory_policy:noeviction" in tool["result"]
        assert openai_server.requests[1].body["messages"][-1]["role"] == "tool"
        assert reports(events)[-1]["analyst"] == "openai:local-model"

    def test_end_after_their_number(self, openai_server, analyst):
        events = run(analyst("tool-loop", limits=Limits(seconds=LIMIT, tool_calls=3)))

        assert len([event for event in events if event.kind is EventKind.TOOL]) == 3
        assert len(reports(events)) == 2

    def test_are_answered_even_when_the_call_is_nonsense(self):
        chat = scripted(
            ToolCall("1", "delete_everything", '{"really": true}'), ToolCall("2", "read_evidence", "not json"),
            answered(), HOLDS,
        )  # fmt: skip

        events = run(ChatAnalyst(chat))

        assert reports(events)[-1]["analyst"] == "scripted"


class MisbehaviourTests:
    @pytest.mark.parametrize(("model", "code"), MISBEHAVIOURS.items())
    def test_ends_in_a_valid_report_with_the_reason(self, analyst, model, code):
        started = time.monotonic()

        events = run(analyst(model))

        assert time.monotonic() - started < LIMIT + 2.0
        first, last = reports(events)
        assert last["analyst"] == "rules"
        assert code in notices(events) or (model == "endless" and "timeout" in notices(events))  # on a slow machine
        assert from_json(last).severity == first["severity"]
        for name in ("severity", "category", "summary", "root_cause_analysis", "immediate_actions", "references"):
            assert last[name] == first[name]
        assert any("stand" in note for note in last["notes"])

    @pytest.mark.parametrize("model", ["cut", "refusal", "slow-first-byte"])
    def test_is_told_in_korean(self, analyst, model):
        events = run(analyst(model), language="ko")

        assert "규칙의 보고서를 유지합니다" in reports(events)[-1]["notes"][-1]

    @pytest.mark.parametrize("model", ["no-usage", "no-schema-support", "no-finish-reason", "reasoning"])
    def test_does_no_harm_where_the_endpoint_only_lacks_something(self, openai_server, analyst, model):
        events = run(analyst(model))

        assert len(reports(events)) == 2
        assert events[-1].kind is EventKind.DONE

    def test_of_length_keeps_what_was_whole(self, openai_server, analyst):
        text = answered()
        cut = text[: text.index('"summary"') + 30]
        openai_server.reply_with(Reply(cut, finish_reason="length"), json.dumps(HOLDS))

        last = reports(run(analyst()))[-1]

        assert last["analyst"] == "openai:local-model"
        assert "5,312 commands were refused" in last["root_cause_analysis"]
        assert any("length limit" in note for note in last["notes"])

    def test_of_form_is_repaired(self, openai_server, analyst):
        openai_server.reply_with(f"Sure!\n```json\n{answered()}\n```\nAnything else?", json.dumps(HOLDS))

        assert reports(run(analyst()))[-1]["analyst"] == "openai:local-model"

    def test_of_prose_is_read_when_it_names_its_sources(self, openai_server, analyst):
        openai_server.reply_with(
            "Memory is full, so writes fail [F1].\n- Nothing may be evicted [F1]", json.dumps(HOLDS)
        )

        last = reports(run(analyst()))[-1]

        assert last["analyst"] == "openai:local-model"
        assert "Nothing may be evicted" in last["root_cause_analysis"]

    def test_that_spends_too_much_is_stopped(self, config):
        budget = Budget(run=Limit(tokens=200))
        analyst = ChatAnalyst(registry.build_chat(config(), budget=budget))

        events = run(analyst)

        assert "budget" in notices(events)
        assert reports(events)[-1]["analyst"] == "rules"

    def test_of_a_fallback_chain_is_told(self, openai_server, config):
        openai_server.reply_with(
            Reply(status=500, error="no"), Reply(status=500, error="no"), answered(), json.dumps(HOLDS)
        )
        chat = registry.build_chat(config(fallbacks=(config("spare"),)))

        last = reports(run(ChatAnalyst(chat, limits=Limits(seconds=LIMIT))))[-1]

        assert last["analyst"] == "openai:spare"
        assert any("openai:spare" in note for note in last["notes"])

    def test_of_our_own_leaves_the_rules_report(self, caplog):
        class Broken:
            name = "broken"

            def stream(self, messages, **options):
                raise RuntimeError("a bug")

        events = run(ChatAnalyst(Broken()))

        assert "internal" in notices(events)
        assert len(reports(events)) == 2
        assert "the chat analyst broke" in caplog.text

    def test_in_the_middle_of_the_text_keeps_the_rules_report(self):
        broken = [answered()[:120], LLMError(ErrorKind.INTERRUPTED)]

        events = run(ChatAnalyst(scripted(broken)))

        assert "interrupted" in notices(events)
        assert words(events)
        assert reports(events)[-1]["summary"] == rules_report(intake()).summary
