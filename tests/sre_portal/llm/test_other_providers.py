"""Anthropic and Google through their own SDKs, against a local server that speaks their protocols."""

from __future__ import annotations

import base64
import importlib.util
import json
import logging
import subprocess
import sys
import threading

import pytest

from sre_portal.llm.base import LLMError, Message, TextDelta, complete
from sre_portal.llm.config import ModelConfig
from sre_portal.llm.errors import ErrorKind
from sre_portal.llm.exchange import Timeouts
from sre_portal.llm.registry import bare_chat
from tests.sre_portal.llm.conftest import FAST, KEY, PATIENT
from tests.sre_portal.llm.scripted_http import Played, ScriptedHttp
from tests.sre_portal.llm.test_openai_compatible import ASK, REPORT, SEARCH

needs_anthropic = pytest.mark.skipif(not importlib.util.find_spec("anthropic"), reason="anthropic is not installed")
needs_google = pytest.mark.skipif(
    not importlib.util.find_spec("google") or not importlib.util.find_spec("google.genai"),
    reason="google-genai is not installed",
)


def config(provider, server, **changes):
    values = {"provider": provider, "model": "m", "api_key": KEY, "base_url": server.url, "timeouts": PATIENT}
    return ModelConfig(**{**values, **changes})


def failure_of(chat, **options):
    with pytest.raises(LLMError) as caught:
        complete(chat, ASK, **options)
    return caught.value


def answered(end, result):
    """The turns that follow an answer with a tool call."""
    call = end.tool_calls[0]
    return [Message("assistant", end.text, tool_calls=end.tool_calls), Message("tool", result, tool_call_id=call.id)]


# --- Anthropic ---------------------------------------------------------------------------------------------------


def claude(*events):
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]


def start(tokens_in=10, cached=0):
    usage = {"input_tokens": tokens_in, "output_tokens": 1, "cache_read_input_tokens": cached}
    message = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}}


def block(index, **content):
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index, **content):
    return {"type": "content_block_delta", "index": index, "delta": content}


def stop(reason="end_turn", tokens_out=7):
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": tokens_out}}  # fmt: skip


TEXT = claude(
    start(cached=90),
    block(0, type="text", text=""),
    delta(0, type="text_delta", text="Memory "),
    delta(0, type="text_delta", text="is full."),
    {"type": "content_block_stop", "index": 0},
    stop(),
    {"type": "message_stop"},
)


@needs_anthropic
class TestAnthropic:
    def test_streams_text_and_counts_tokens(self):
        with ScriptedHttp(Played(TEXT)) as server:
            events = list(bare_chat(config("anthropic", server)).stream(ASK, max_tokens=99))

        assert [event.text for event in events if isinstance(event, TextDelta)] == ["Memory ", "is full."]
        end = events[-1]
        assert (end.text, end.finish_reason, end.model) == ("Memory is full.", "stop", "anthropic:m")
        assert (end.usage.tokens_in, end.usage.tokens_out, end.usage.estimated) == (100, 7, False)
        assert server.bodies[0]["system"] == "You are brief."
        assert server.bodies[0]["messages"] == [{"role": "user", "content": [{"type": "text", "text": ASK[1].content}]}]
        assert server.bodies[0]["max_tokens"] == 99
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"

    def test_asks_for_the_schema_and_falls_back_to_words(self):
        refusal = {"type": "error", "error": {"type": "invalid_request_error", "message": "output_config: no"}}
        with ScriptedHttp(Played([json.dumps(refusal)], status=400), Played(TEXT)) as server:
            end = complete(bare_chat(config("anthropic", server)), ASK, schema=REPORT)

        assert server.bodies[0]["output_config"]["format"]["schema"] == REPORT.schema
        assert "output_config" not in server.bodies[1]
        assert "JSON Schema" in server.bodies[1]["system"]
        assert end.structured_by == "instructions"

    def test_is_sent_no_temperature(self):
        with ScriptedHttp(Played(TEXT)) as server:
            complete(bare_chat(config("anthropic", server)), ASK, temperature=0.2)

        assert "temperature" not in server.bodies[0]

    def test_hands_thoughts_back_with_the_tool_call_they_led_to(self):
        calls = claude(
            start(),
            block(0, type="thinking", thinking="", signature=""),
            delta(0, type="thinking_delta", thinking="I should search."),
            delta(0, type="signature_delta", signature="c2ln"),
            block(1, type="tool_use", id="t1", name="search", input={}),
            delta(1, type="input_json_delta", partial_json='{"query": '),
            delta(1, type="input_json_delta", partial_json='"oom"}'),
            stop("tool_use"),
        )
        with ScriptedHttp(Played(calls), Played(TEXT)) as server:
            chat = bare_chat(config("anthropic", server))
            end = complete(chat, ASK, tools=[SEARCH])
            complete(chat, [*ASK, *answered(end, "none")], tools=[SEARCH])

        assert end.finish_reason == "tool_calls"
        assert end.tool_calls[0].parsed() == {"query": "oom"}
        _, assistant, result = server.bodies[1]["messages"]
        assert [part["type"] for part in assistant["content"]] == ["thinking", "tool_use"]
        assert assistant["content"][0]["signature"] == "c2ln"
        assert result["content"] == [{"type": "tool_result", "tool_use_id": "t1", "content": "none"}]

    @pytest.mark.parametrize(
        ("played", "kind"),
        [
            (Played(['{"error":{"type":"authentication_error","message":"bad"}}'], 401), ErrorKind.AUTH),
            (Played(['{"error":{"type":"overloaded_error","message":"busy"}}'], 529), ErrorKind.UNAVAILABLE),
            (Played(["{}"], 429, {"retry-after": "7"}), ErrorKind.RATE_LIMITED),
            (Played([*TEXT[:3], *claude({"type": "error", "error": {"type": "overloaded_error", "message": "x"}})]),
             ErrorKind.UNAVAILABLE),
            (Played([*TEXT[:3], *claude(stop("refusal"))]), ErrorKind.REFUSED),
            (Played([*TEXT[:3], 1.0]), ErrorKind.TIMEOUT),
            (Played([TEXT[0]]), ErrorKind.BAD_RESPONSE),
            (Played(["event: message_start\ndata: {oops\n\n"]), ErrorKind.BAD_RESPONSE),
        ],
    )  # fmt: skip
    def test_gives_the_reason_of_a_failure(self, played, kind):
        with ScriptedHttp(played) as server:
            timeouts = FAST if kind == ErrorKind.TIMEOUT else PATIENT
            error = failure_of(bare_chat(config("anthropic", server, timeouts=timeouts)))

        assert error.kind == kind
        assert error.retry_after == (7.0 if kind == ErrorKind.RATE_LIMITED else None)

    def test_can_be_cancelled_from_another_thread(self):
        with ScriptedHttp(Played([*TEXT[:3], 5.0])) as server:
            events = bare_chat(config("anthropic", server, timeouts=Timeouts())).stream(ASK)
            threading.Timer(0.2, events.close).start()
            with pytest.raises(LLMError) as caught:
                list(events)

        assert caught.value.kind == ErrorKind.CANCELLED

    def test_logs_neither_key_nor_prompt(self, caplog):
        caplog.set_level(logging.DEBUG)

        with ScriptedHttp(Played(TEXT)) as server:
            complete(bare_chat(config("anthropic", server)), ASK)

        assert ASK[1].content not in caplog.text
        assert KEY not in caplog.text


# --- Google ------------------------------------------------------------------------------------------------------


def gemini(*parts, reason=None, **rest):
    candidate = {"content": {"role": "model", "parts": list(parts)}, **({"finishReason": reason} if reason else {})}
    return f"data: {json.dumps({'candidates': [candidate], **rest})}\n\n"


USAGE = {"promptTokenCount": 11, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 19}
SAID = [gemini({"text": "Memory "}), gemini({"text": "is full."}, reason="STOP", usageMetadata=USAGE)]


@needs_google
class TestGoogle:
    def test_streams_text_and_counts_tokens(self):
        with ScriptedHttp(Played(SAID)) as server:
            events = list(bare_chat(config("google", server)).stream(ASK, max_tokens=99))

        assert [event.text for event in events if isinstance(event, TextDelta)] == ["Memory ", "is full."]
        end = events[-1]
        assert (end.text, end.finish_reason, end.model) == ("Memory is full.", "stop", "google:m")
        assert (end.usage.tokens_in, end.usage.tokens_out) == (11, 8)
        body = server.bodies[0]
        assert body["systemInstruction"]["parts"][0]["text"] == "You are brief."
        assert body["contents"] == [{"role": "user", "parts": [{"text": ASK[1].content}]}]
        assert body["generationConfig"]["maxOutputTokens"] == 99
        assert server.headers[0]["x-goog-api-key"] == KEY
        assert KEY not in server.paths[0]

    def test_asks_for_the_schema_and_falls_back_to_words(self):
        refusal = {"error": {"code": 400, "message": "schema too complex", "status": "INVALID_ARGUMENT"}}
        with ScriptedHttp(Played([json.dumps(refusal)], status=400), Played(SAID)) as server:
            end = complete(bare_chat(config("google", server)), ASK, schema=REPORT)

        assert end.structured_by == "json_object"
        assert server.bodies[0]["generationConfig"]["responseJsonSchema"] == REPORT.schema
        assert "JSON Schema" in server.bodies[1]["systemInstruction"]["parts"][0]["text"]

    def test_hands_signatures_back_with_the_tool_call(self):
        signature = base64.b64encode(b"sig").decode()
        part = {"functionCall": {"name": "search", "args": {"query": "oom"}}, "thoughtSignature": signature}
        call = gemini(part, reason="STOP")
        with ScriptedHttp(Played([call]), Played(SAID)) as server:
            chat = bare_chat(config("google", server))
            end = complete(chat, ASK, tools=[SEARCH])
            complete(chat, [*ASK, *answered(end, "none")], tools=[SEARCH])

        assert end.finish_reason == "tool_calls"
        assert end.tool_calls[0].parsed() == {"query": "oom"}
        _, model, result = server.bodies[1]["contents"]
        assert model["parts"][0]["thoughtSignature"] == signature
        assert result["parts"][0]["functionResponse"] == {"name": "search", "response": {"result": "none"}}

    @pytest.mark.parametrize(
        ("played", "kind"),
        [
            (Played(['{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}'], 403), ErrorKind.AUTH),
            (Played(['{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}'], 503), ErrorKind.UNAVAILABLE),
            (Played([SAID[0], gemini(reason="SAFETY")]), ErrorKind.REFUSED),
            (Played(['data: {"promptFeedback": {"blockReason": "SAFETY"}}\n\n']), ErrorKind.REFUSED),
            (Played([SAID[0], 1.0]), ErrorKind.TIMEOUT),
            (Played([1.0]), ErrorKind.TIMEOUT),
            (Played(["data: {oops\n\n"]), ErrorKind.BAD_RESPONSE),
            (Played([]), ErrorKind.BAD_RESPONSE),
        ],
    )
    def test_gives_the_reason_of_a_failure(self, played, kind):
        with ScriptedHttp(played) as server:
            timeouts = FAST if kind == ErrorKind.TIMEOUT else PATIENT
            assert failure_of(bare_chat(config("google", server, timeouts=timeouts))).kind == kind

    def test_can_be_cancelled_from_another_thread(self):
        with ScriptedHttp(Played([SAID[0], 5.0])) as server:
            events = bare_chat(config("google", server, timeouts=Timeouts())).stream(ASK)
            threading.Timer(0.2, events.close).start()
            with pytest.raises(LLMError) as caught:
                list(events)

        assert caught.value.kind == ErrorKind.CANCELLED


# --- Without the extras ------------------------------------------------------------------------------------------


class TestAMissingSdk:
    @pytest.mark.parametrize(("provider", "package"), [("anthropic", "anthropic"), ("google", "google-genai")])
    def test_is_named_by_the_first_answer_and_not_retried(self, provider, package):
        program = (
            "import sys\n"
            "sys.modules['anthropic'] = sys.modules['google'] = sys.modules['google.genai'] = None\n"
            "from sre_portal.llm.base import LLMError, Message, complete\n"
            "from sre_portal.llm.config import ModelConfig\n"
            "from sre_portal.llm.registry import build_chat\n"
            "try:\n"
            f"    complete(build_chat(ModelConfig(provider='{provider}', model='m')), [Message('user', 'hi')])\n"
            "except LLMError as error:\n"
            "    print(error.kind, error.reason('ko'))\n"
        )

        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)

        assert done.stdout.strip() == (
            f"not_installed 이 모델 제공자용 라이브러리가 설치되어 있지 않습니다. (pip install {package})"
        )
