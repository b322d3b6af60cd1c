"""Answers that will not end."""

from __future__ import annotations

import time

import pytest

from sre_portal.llm.base import Completed, Message, TextDelta, complete
from sre_portal.llm.limits import is_repeating
from sre_portal.llm.registry import build_chat
from tests.openai_replies import Reply

ASK = [Message("user", "Why is it slow?")]


class TestAnEndlessAnswer:
    def test_ends_at_the_longest_allowed_and_keeps_what_came(self, openai_server, config):
        chat = build_chat(config("endless", longest_answer=20_000))

        events = list(chat.stream(ASK))

        end = events[-1]
        assert isinstance(end, Completed)
        assert end.finish_reason == "length"
        assert 20_000 < len(end.text) < 21_000
        assert end.text == "".join(event.text for event in events if isinstance(event, TextDelta))
        assert end.usage.estimated
        assert openai_server.requests[0].hung_up.wait(10.0)

    def test_of_one_repeated_sentence_ends_at_once(self, openai_server, config):
        start = time.monotonic()

        end = complete(build_chat(config("repeating")), ASK)

        assert end.finish_reason == "repeating"
        assert len(end.text) < 1_000
        assert time.monotonic() - start < 10.0

    def test_of_endless_tool_arguments_ends_too(self, openai_server, config):
        openai_server.reply_with(Reply(tool_calls=[("search", '{"query": "' + "word " * 2_000)]))

        assert complete(build_chat(config()), ASK).finish_reason == "repeating"


class TestRepetition:
    @pytest.mark.parametrize("piece", ["\n", "ab", "메모리가 가득 찼습니다. ", "A whole paragraph of words. " * 20])
    def test_is_seen_whatever_its_length(self, piece):
        assert is_repeating("A beginning. " + piece * 500)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "short",
            "-" * 200,
            "| a | b |\n" + "|---|---|\n" * 20,
            "".join(f'{{"command": "INFO", "risk": "read-only", "text": "step {n}"}}, ' for n in range(200)),
            "".join(f"10:00:{n:02d} Connection lost, reconnecting\n" for n in range(60)),
            "same sentence here. " * 5,
        ],
    )
    def test_is_not_seen_in_ordinary_text(self, text):
        assert not is_repeating(text)
