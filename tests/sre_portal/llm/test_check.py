"""What `check` finds out about an endpoint."""

from __future__ import annotations

import pytest

from sre_portal.llm.check import check, check_embeddings
from sre_portal.llm.errors import ErrorKind
from tests.openai_replies import failure, honest, tool_call
from tests.openai_server import free_port


class TestAnEndpointThatCanDoEverything:
    def test_is_reported_so(self, openai_server, config):
        openai_server.reply_with(
            lambda request: tool_call("look_up", {"word": "redis"}) if "tools" in request.body else honest(request.body)
        )

        report = check(config())

        assert report.is_usable
        assert (report.streaming, report.structured_by, report.tools) == (True, "json_schema", True)
        assert 0 < report.first_token_ms <= report.total_ms
        assert report.usage.tokens > 0
        assert report.address == openai_server.address.removeprefix("http://")


class TestAPoorEndpoint:
    def test_is_seen_not_to_stream(self, openai_server, config):
        openai_server.streams = False

        assert check(config()).streaming is False

    def test_is_seen_to_need_words_for_a_schema(self, openai_server, config):
        openai_server.reply_with(
            lambda request: failure(400, "unknown field") if "response_format" in request.body else '{"answer": true}'
        )

        assert check(config()).structured_by == "instructions"

    def test_that_breaks_the_schema_is_seen_to(self, config):
        assert check(config("wrong-schema")).structured_by == ""

    def test_that_ignores_tools_is_seen_to(self, config):
        assert check(config()).tools is False

    @pytest.mark.parametrize(("model", "kind"), [("wrong-key", ErrorKind.AUTH), ("slow-first-byte", ErrorKind.TIMEOUT)])
    def test_gives_the_reason_why_it_is_not_usable(self, config, model, kind):
        report = check(config(model))

        assert not report.is_usable
        assert report.failure.kind == kind
        assert report.tools is None


class TestEmbeddings:
    def test_are_reported_with_their_length(self, embedding_config):
        assert check_embeddings(embedding_config(dimensions=32)).dimensions == 32

    def test_that_can_not_be_reached_are_reported(self, embedding_config):
        report = check_embeddings(embedding_config(base_url=f"http://127.0.0.1:{free_port()}/v1"))

        assert report.failure.kind == ErrorKind.UNREACHABLE
