"""What endpoints that speak OpenAI's protocol do differently, each played by the local server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sre_portal.llm.base import LLMError, Message, Schema, Tool, complete
from sre_portal.llm.registry import bare_chat
from tests.openai_replies import Reply, failure, honest, rate_limited
from tests.sre_portal.llm.conftest import KEY

ASK = [Message("user", "Why?")]
ANSWER = Schema("answer", {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]})
TOOL = Tool("look_up", "Look up.", {"type": "object", "properties": {"word": {"type": "string"}}})


class AzureTests:
    def test_with_a_dated_api_gets_its_deployment_its_version_and_its_key(self, openai_server, config):
        address = openai_server.address
        chat = bare_chat(config("my-deployment", base_url=address, api_version="2024-10-21"))

        end = complete(chat, ASK)

        request = openai_server.requests[0]
        assert "/openai/deployments/my-deployment/chat/completions" in request.path
        assert "api-version=2024-10-21" in request.path
        assert request.headers["api-key"] == KEY
        assert end.text

    def test_filters_content_with_an_error_of_its_own(self, openai_server, config):
        openai_server.reply_with(Reply("I", finish_reason="content_filter"))

        with pytest.raises(LLMError) as failed:
            complete(bare_chat(config()), ASK)

        assert failed.value.kind.value == "refused"


class OllamaTests:
    def test_wants_no_key_thinks_aloud_and_counts_nothing(self, openai_server, config):
        openai_server.reply_with(Reply("<think>INFO says …</think>Memory is full.", usage=False))

        end = complete(bare_chat(config("qwen3:8b", api_key="")), ASK)

        assert end.text == "Memory is full."
        assert end.usage.estimated
        assert end.model == "openai:qwen3:8b"
        assert KEY not in str(openai_server.requests[0].headers)


class LlamaCppTests:
    def test_answers_whole_although_it_was_asked_to_stream(self, openai_server, config):
        openai_server.streams = False

        assert complete(bare_chat(config()), ASK).text


class VllmTests:
    def test_without_a_tool_parser_is_asked_without_tools_and_that_is_told(self, openai_server, config):
        def without_tools(request):
            if "tools" in request.body:
                return failure(
                    400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
                )
            return honest(request.body)

        openai_server.reply_with(without_tools)

        end = complete(bare_chat(config()), ASK, tools=[TOOL])

        assert end.text
        assert end.ignored == ("tools",)


class LmStudioTests:
    def test_that_knows_no_any_json_is_asked_in_words(self, openai_server, config):
        def picky(request):
            wish = request.body.get("response_format")
            if wish:
                return failure(400, "'response_format.type' must be 'json_schema' or 'text'", param="response_format")
            return Reply('{"answer": "Memory is full."}')

        openai_server.reply_with(picky)

        end = complete(bare_chat(config()), ASK, schema=ANSWER)

        assert end.structured_by == "instructions"
        assert "Memory is full." in end.text


class OpenRouterTests:
    def test_says_404_where_no_endpoint_can_do_what_is_asked(self, openai_server, config):
        def routed(request):
            if "tools" in request.body:
                return failure(404, "No endpoints found that support tool use.")
            return honest(request.body)

        openai_server.reply_with(routed)

        assert complete(bare_chat(config()), ASK, tools=[TOOL]).ignored == ("tools",)

    def test_sends_errors_in_the_middle_of_a_stream(self, openai_server, config):
        openai_server.reply_with(replace(Reply("one two three four five"), error_after=2))

        with pytest.raises(LLMError) as failed:
            complete(bare_chat(config()), ASK)

        assert failed.value.kind.value in ("unavailable", "interrupted", "bad_response")


class RetryAfterTests:
    def test_may_be_a_date(self, openai_server, config):
        at = datetime.now(UTC) + timedelta(seconds=30)
        openai_server.reply_with(rate_limited(format_datetime(at, usegmt=True)))

        with pytest.raises(LLMError) as failed:
            complete(bare_chat(config()), ASK)

        assert 20 < failed.value.retry_after <= 31
