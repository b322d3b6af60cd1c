"""The OpenAI adapter against a local server that behaves, and one that does not."""

from __future__ import annotations

import json
import logging
import threading
import time

import pytest

from sre_portal.llm.base import Completed, LLMError, Message, Schema, TextDelta, Tool, ToolCall, complete
from sre_portal.llm.config import ModelConfig
from sre_portal.llm.errors import ErrorKind
from sre_portal.llm.exchange import Timeouts
from sre_portal.llm.openai_compatible import OpenAIChat, OpenAIEmbeddings
from tests.openai_replies import Reply, failure, tool_call
from tests.openai_server import OpenAIServer, free_port
from tests.sre_portal.llm.conftest import KEY

ASK = [Message("system", "You are brief."), Message("user", "레디스가 느립니다. Why?")]
REPORT = Schema(
    "report",
    {
        "type": "object",
        "properties": {"summary": {"type": "string"}, "steps": {"type": "array", "items": {"type": "string"}}},
        "required": ["summary", "steps"],
        "additionalProperties": False,
    },
)
SEARCH = Tool("search", "Search the knowledge.", {"type": "object", "properties": {"query": {"type": "string"}}})


def failure_of(chat: OpenAIChat, **options: object) -> LLMError:
    with pytest.raises(LLMError) as caught:
        complete(chat, ASK, **options)
    return caught.value


class TestAnAnswer:
    def test_arrives_in_pieces_and_ends_with_all_of_it(self, openai_server, config):
        openai_server.reply_with("Memory is full.")

        events = list(OpenAIChat(config()).stream(ASK))

        assert [event.text for event in events if isinstance(event, TextDelta)] == ["Memory ", "is ", "full."]
        end = events[-1]
        assert isinstance(end, Completed)
        assert (end.text, end.finish_reason, end.model) == ("Memory is full.", "stop", "openai:local-model")

    def test_brings_the_usage_that_the_endpoint_reports(self, openai_server, config):
        openai_server.reply_with("one two three")

        end = complete(OpenAIChat(config(prices=(1.0, 2.0))), ASK)

        assert (end.usage.tokens_in, end.usage.tokens_out, end.usage.estimated) == (6, 3, False)
        assert end.usage.cost == pytest.approx((6 * 1.0 + 3 * 2.0) / 1_000_000)

    def test_estimates_the_usage_when_none_is_reported(self, config):
        end = complete(OpenAIChat(config("no-usage")), ASK)

        assert end.usage.estimated
        assert end.usage.tokens_in > 5
        assert end.usage.tokens_out > 5
        assert end.usage.cost is None

    def test_costs_what_the_price_table_says_only_at_openai_itself(self, config):
        local = complete(OpenAIChat(config("gpt-4o-mini")), ASK)

        assert local.usage.cost is None

    def test_sends_nothing_before_it_is_read(self, openai_server, config):
        OpenAIChat(config()).stream(ASK)

        assert openai_server.requests == []

    def test_carries_the_messages_the_key_and_the_limits(self, openai_server, config):
        complete(OpenAIChat(config()), ASK, max_tokens=77, temperature=0.2)

        request = openai_server.requests[0]
        assert request.body["messages"][1] == {"role": "user", "content": "레디스가 느립니다. Why?"}
        assert (request.body["max_tokens"], request.body["temperature"]) == (77, 0.2)
        assert request.headers["authorization"] == f"Bearer {KEY}"

    def test_needs_no_key_for_a_local_endpoint(self, openai_server, config, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")

        complete(OpenAIChat(config(api_key="")), ASK)

        assert "environment" not in openai_server.requests[0].headers["authorization"]

    def test_keeps_thoughts_out_of_the_text(self, config):
        end = complete(OpenAIChat(config("reasoning")), ASK)

        assert "pastes" not in end.text

    def test_without_a_stated_end_is_marked_as_perhaps_cut_short(self, config):
        assert complete(OpenAIChat(config("no-finish-reason")), ASK).finish_reason == "unknown"

    def test_may_come_whole_from_an_endpoint_that_can_not_stream(self, openai_server, config):
        openai_server.streams = False
        openai_server.reply_with(Reply("Memory is full.", tool_calls=[("search", {"query": "a"}), ("search", {})]))

        end = complete(OpenAIChat(config()), ASK)

        assert end.text == "Memory is full."
        assert [call.arguments for call in end.tool_calls] == ['{"query": "a"}', "{}"]


class TestAStructuredAnswer:
    def test_is_held_to_its_schema_by_the_endpoint(self, openai_server, config):
        end = complete(OpenAIChat(config()), ASK, schema=REPORT)

        assert json.loads(end.text) == {"summary": "text", "steps": ["text"]}
        assert end.structured_by == "json_schema"
        assert openai_server.requests[0].body["response_format"]["json_schema"]["strict"] is True

    def test_is_not_called_strict_when_the_schema_is_open(self, openai_server, config):
        complete(OpenAIChat(config()), ASK, schema=Schema("open", {"type": "object", "properties": {}}))

        assert openai_server.requests[0].body["response_format"]["json_schema"]["strict"] is False

    def test_is_asked_for_in_words_where_schemas_are_refused(self, openai_server, config):
        end = complete(OpenAIChat(config("no-schema-support")), ASK, schema=REPORT)

        assert json.loads(end.text)
        assert end.structured_by == "instructions"
        formats = [(request.body.get("response_format") or {}).get("type") for request in openai_server.requests]
        assert formats == ["json_schema", "json_object", None]
        assert '"summary"' in openai_server.requests[-1].body["messages"][0]["content"]

    def test_is_asked_for_in_the_right_words_the_second_time(self, openai_server, config):
        chat = OpenAIChat(config("no-schema-support"))
        complete(chat, ASK, schema=REPORT)

        complete(chat, ASK, schema=REPORT)

        assert len(openai_server.requests) == 4


class TestAnEndpointThatRefusesAParameter:
    @pytest.mark.parametrize(
        ("message", "parameter", "options"),
        [
            ("Unknown field: stream_options", "stream_options", {}),
            ("'temperature' does not support 0.2 with this model.", "temperature", {"temperature": 0.2}),
            ("max_tokens is not supported", "max_tokens", {"max_tokens": 50}),
            ("This model does not support tools", "tools", {"tools": [SEARCH]}),
        ],
    )
    def test_is_asked_again_without_it(self, openai_server, config, message, parameter, options):
        openai_server.reply_with(lambda request: failure(400, message) if parameter in request.body else "Fine.")

        end = complete(OpenAIChat(config()), ASK, **options)

        assert end.text == "Fine."
        assert len(openai_server.requests) == 2

    def test_is_asked_again_by_the_new_name_of_the_token_limit(self, openai_server, config):
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        openai_server.reply_with(lambda request: failure(400, message) if "max_tokens" in request.body else "Fine.")

        complete(OpenAIChat(config()), ASK, max_tokens=50)

        assert openai_server.requests[-1].body["max_completion_tokens"] == 50

    def test_says_in_the_end_what_it_had_to_ignore(self, openai_server, config):
        openai_server.reply_with(lambda request: failure(400, "no tools") if "tools" in request.body else "Fine.")

        assert complete(OpenAIChat(config()), ASK, tools=[SEARCH]).ignored == ("tools",)

    def test_is_left_alone_when_the_prompt_is_too_long(self, openai_server, config):
        error = failure_of(OpenAIChat(config("too-long")), schema=REPORT, max_tokens=50)

        assert error.kind == ErrorKind.MISCONFIGURED
        assert "too long" in error.detail
        assert len(openai_server.requests) == 1


class TestAToolCall:
    def test_is_put_together_from_its_pieces(self, openai_server, config):
        openai_server.reply_with(tool_call("search", {"query": "메모리 단편화 fragmentation"}))

        end = complete(OpenAIChat(config()), ASK, tools=[SEARCH])

        assert end.finish_reason == "tool_calls"
        assert [(call.name, call.parsed()) for call in end.tool_calls] == [
            ("search", {"query": "메모리 단편화 fragmentation"})
        ]
        assert openai_server.requests[0].body["tools"][0]["function"]["name"] == "search"

    def test_is_answered_in_the_next_round(self, openai_server, config):
        call = ToolCall("call_1", "search", '{"query": "a"}')
        rounds = [
            *ASK,
            Message("assistant", "", tool_calls=(call,)),
            Message("tool", "Nothing.", tool_call_id="call_1"),
        ]

        complete(OpenAIChat(config()), rounds, tools=[SEARCH])

        sent = openai_server.requests[0].body["messages"]
        assert sent[2]["tool_calls"][0]["function"] == {"name": "search", "arguments": '{"query": "a"}'}
        assert sent[3] == {"role": "tool", "content": "Nothing.", "tool_call_id": "call_1"}

    def test_may_come_several_at_once(self, openai_server, config):
        openai_server.reply_with(Reply(tool_calls=[("search", {"query": "a"}), ("search", {"query": "b"})]))

        calls = complete(OpenAIChat(config()), ASK, tools=[SEARCH]).tool_calls

        assert [call.parsed()["query"] for call in calls] == ["a", "b"]
        assert len({call.id for call in calls}) == 2

    def test_with_broken_arguments_is_a_bad_response(self, openai_server, config):
        openai_server.reply_with(tool_call("search", '{"query": '))

        call = complete(OpenAIChat(config()), ASK, tools=[SEARCH]).tool_calls[0]

        with pytest.raises(LLMError) as caught:
            call.parsed()
        assert caught.value.kind == ErrorKind.BAD_RESPONSE


class TestAFailure:
    @pytest.mark.parametrize(
        ("model", "kind"),
        [
            ("rate-limited", ErrorKind.RATE_LIMITED),
            ("out-of-quota", ErrorKind.RATE_LIMITED),
            ("server-error", ErrorKind.UNAVAILABLE),
            ("overloaded", ErrorKind.UNAVAILABLE),
            ("wrong-key", ErrorKind.AUTH),
            ("unknown-model", ErrorKind.MISCONFIGURED),
            ("slow-headers", ErrorKind.TIMEOUT),
            ("slow-first-byte", ErrorKind.TIMEOUT),
            ("stall", ErrorKind.TIMEOUT),
            ("stall-with-pings", ErrorKind.TIMEOUT),
            ("cut", ErrorKind.INTERRUPTED),
            ("garbage", ErrorKind.BAD_RESPONSE),
            ("error-in-the-middle", ErrorKind.UNAVAILABLE),
            ("empty", ErrorKind.BAD_RESPONSE),
            ("refusal", ErrorKind.REFUSED),
            ("filtered", ErrorKind.REFUSED),
        ],
    )
    def test_says_what_kind_it_is_and_comes_in_time(self, config, model, kind):
        start = time.monotonic()

        error = failure_of(OpenAIChat(config(model)))

        assert error.kind == kind
        assert error.model == f"openai:{model}"
        assert time.monotonic() - start < 10.0

    def test_says_how_long_the_endpoint_wants_to_be_left_alone(self, config):
        assert failure_of(OpenAIChat(config("rate-limited"))).retry_after == 1.0

    def test_of_an_exhausted_quota_does_not_pass(self, config):
        assert not failure_of(OpenAIChat(config("out-of-quota"))).is_passing

    def test_tells_a_dead_address_from_a_slow_model(self, config):
        dead = config(base_url=f"http://127.0.0.1:{free_port()}/v1")

        assert failure_of(OpenAIChat(dead)).kind == ErrorKind.UNREACHABLE

    def test_of_a_page_that_is_no_endpoint_is_a_bad_response(self, openai_server, config):
        openai_server.streams = False
        openai_server.reply_with(Reply(status=200, error="<html>Welcome to nginx</html>"))

        assert failure_of(OpenAIChat(config())).kind == ErrorKind.BAD_RESPONSE

    def test_does_not_follow_redirects_with_the_prompt(self, openai_server, config):
        elsewhere = {"Location": f"{openai_server.url}/chat/completions"}
        openai_server.reply_with(Reply(status=307, headers=elsewhere))

        assert failure_of(OpenAIChat(config())).kind == ErrorKind.MISCONFIGURED
        assert len(openai_server.requests) == 1

    def test_repeats_neither_the_key_nor_the_prompt(self, openai_server, config):
        echo = f"Bad input: {ASK[1].content} was sent with {KEY} to us, as the user said"
        openai_server.reply_with(failure(400, echo), failure(401, f"Incorrect API key provided: {KEY}."))
        prompt_echo = failure_of(OpenAIChat(config()))

        key_echo = failure_of(OpenAIChat(config()))

        assert prompt_echo.detail == "HTTP 400"
        assert "Incorrect API key" in key_echo.detail
        assert KEY not in key_echo.reason("en") + key_echo.reason("ko")

    def test_carries_no_other_exception_that_holds_the_request(self, config):
        error = failure_of(OpenAIChat(config("server-error")))

        assert error.__cause__ is None
        assert error.__suppress_context__

    def test_has_a_reason_in_both_languages(self, config):
        error = failure_of(OpenAIChat(config("stall")))

        assert error.reason("en") == "The model did not answer within the time limit."
        assert error.reason("ko") == "모델이 제한 시간 안에 응답하지 않았습니다."


class TestClosing:
    def test_hangs_up_in_the_middle_of_an_answer(self, openai_server, config):
        events = OpenAIChat(config("slow")).stream(ASK)
        next(events)

        events.close()

        assert openai_server.requests[0].hung_up.wait(10.0)

    @pytest.mark.parametrize("model", ["stall", "slow-first-byte", "slow-headers"])
    def test_wakes_a_reader_in_another_thread(self, openai_server, config, model):
        patient = Timeouts(connect=1.0, first_token=30.0, between_tokens=30.0, total=60.0)
        events = OpenAIChat(config(model, timeouts=patient)).stream(ASK)
        canceller = threading.Timer(0.15, events.close)
        canceller.start()
        start = time.monotonic()

        with pytest.raises(LLMError) as caught:
            list(events)

        assert caught.value.kind == ErrorKind.CANCELLED
        assert time.monotonic() - start < 10.0

    def test_before_the_start_sends_nothing(self, openai_server, config):
        events = OpenAIChat(config()).stream(ASK)

        events.close()

        with pytest.raises(LLMError):
            next(events)
        assert openai_server.requests == []


class TestTheClock:
    def test_does_not_run_while_the_reader_is_busy(self, config):
        impatient = Timeouts(connect=5.0, first_token=20.0, between_tokens=0.2, total=60.0)
        events = OpenAIChat(config(timeouts=impatient)).stream(ASK)

        next(events)
        time.sleep(0.4)

        assert isinstance(list(events)[-1], Completed)

    def test_ends_a_slow_answer_at_the_total(self, config):
        start = time.monotonic()

        error = failure_of(OpenAIChat(config("slow", timeouts=Timeouts(0.5, 0.5, 0.5, 0.5))))

        assert error.kind == ErrorKind.TIMEOUT
        assert time.monotonic() - start < 10.0

    def test_ends_at_what_the_caller_allows(self, config):
        start = time.monotonic()

        assert failure_of(OpenAIChat(config("slow")), within=0.3).kind == ErrorKind.TIMEOUT
        assert time.monotonic() - start < 10.0


class TestTheLogs:
    @pytest.mark.parametrize("model", ["local-model", "server-error", "wrong-key", "no-schema-support", "cut"])
    def test_hold_neither_key_nor_prompt_even_at_debug(self, config, caplog, model):
        caplog.set_level(logging.DEBUG)
        secret = "-".join(["a", "very", "secret", "prompt"])  # a traceback quotes source lines

        try:
            complete(OpenAIChat(config(model)), [Message("user", secret)], schema=REPORT)
        except LLMError as error:
            logging.getLogger(__name__).exception("failed: %s", error)

        assert secret not in caplog.text
        assert KEY not in caplog.text

    def test_and_representations_hide_the_key(self):
        assert KEY not in repr(ModelConfig(model="m", api_key=KEY))


class TestEmbeddings:
    def test_come_one_per_text_in_order(self, openai_server, embedding_config):
        texts = [f"text number {n}" for n in range(10)]

        answer = OpenAIEmbeddings(embedding_config(batch_size=4)).embed(texts)

        assert len(answer.vectors) == 10
        assert [len(request.body["input"]) for request in openai_server.requests] == [4, 4, 2]
        assert answer.vectors[3] == OpenAIEmbeddings(embedding_config()).embed([texts[3]]).vectors[0]
        assert answer.usage.tokens_in == 30

    def test_have_the_length_that_is_asked_for(self, embedding_config):
        vectors = OpenAIEmbeddings(embedding_config(dimensions=16)).embed(["memory is full"]).vectors

        assert [len(vector) for vector in vectors] == [16]

    def test_of_nothing_ask_nobody(self, openai_server, embedding_config):
        assert OpenAIEmbeddings(embedding_config()).embed([]).vectors == []
        assert openai_server.requests == []

    def test_of_a_refused_batch_fail_with_a_reason(self, embedding_config):
        with OpenAIServer(largest_batch=1) as picky, pytest.raises(LLMError) as caught:
            OpenAIEmbeddings(embedding_config(base_url=picky.url)).embed(["a", "b"])

        assert caught.value.kind == ErrorKind.MISCONFIGURED
