"""Thoughts that local models send as text."""

from __future__ import annotations

import pytest

from sre_portal.llm.base import Message, TextDelta, complete
from sre_portal.llm.registry import bare_chat
from sre_portal.llm.thinking import ThoughtFilter
from tests.openai_replies import Reply

ASK = [Message("user", "Why is it slow?")]


def parted(text, size):
    thoughts = ThoughtFilter()
    parts = [thoughts.feed(text[place : place + size]) for place in range(0, len(text), size)] + [thoughts.close()]
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
class TestThoughts:
    def test_are_parted_from_the_answer(self, size):
        assert parted("\n<think>\nA < B?</thin>\n</think>\n\nThe answer.", size) == ("\nA < B?</thin>\n", "The answer.")

    @pytest.mark.parametrize(
        "text", ["", "<", "<thin", "The answer.", "  spaced", "<b>bold</b>", "So <think>no</think>"]
    )
    def test_are_only_seen_at_the_beginning(self, size, text):
        assert parted(text, size) == ("", text)

    def test_that_never_end_are_no_answer(self, size):
        assert parted("<think>on and on", size) == ("on and on", "")


class TestAThinkingModel:
    def test_answers_without_its_thoughts(self, openai_server, config):
        openai_server.reply_with(Reply(pieces=["<th", "ink>Hm", "m.</think>", "\n\n", '{"a": 1}']))

        events = list(bare_chat(config()).stream(ASK))

        assert [event.text for event in events if isinstance(event, TextDelta)][-1] == '{"a": 1}'
        assert events[-1].text.strip() == '{"a": 1}'

    def test_that_starts_an_answer_with_a_bracket_is_shown(self, openai_server, config):
        openai_server.reply_with(Reply(pieces=["<", "IP_1> is full"]))

        assert complete(bare_chat(config()), ASK).text == "<IP_1> is full"
