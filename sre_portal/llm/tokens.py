"""Estimate tokens where an endpoint reports none. Errs on the high side, for budgets."""

from __future__ import annotations

from collections.abc import Iterable

from sre_portal.llm.base import Message

CHARACTERS_PER_ASCII_TOKEN = 3.5  # logs and numbers cut finer than prose, which has about 4.5
OVERHEAD_PER_MESSAGE = 4


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has: Hangul about one per syllable, Latin one per 3.5 characters."""
    ascii_characters = len(text.encode("ascii", "ignore"))
    return round(ascii_characters / CHARACTERS_PER_ASCII_TOKEN) + len(text) - ascii_characters


def estimate_prompt(messages: Iterable[Message]) -> int:
    return sum(estimate_tokens(message.content) + OVERHEAD_PER_MESSAGE for message in messages)
