"""Joining words without losing, delaying or reordering what matters."""

from __future__ import annotations

from incidents.analysis.events import EventKind, RunEvent
from incidents.coalescing import MOST, coalesce


def word(delta: str) -> RunEvent:
    return RunEvent(EventKind.TEXT, {"delta": delta})


def joined(events: list[RunEvent], *, step: float) -> list[str]:
    """The events' words, or kinds, when each look at the clock is a step later."""
    now = iter(range(100_000))
    passed = coalesce(events, pause=1.0, clock=lambda: next(now) * step)
    return [event.payload.get("delta", event.kind.value) for event in passed]


class CoalesceTests:
    def test_passes_the_first_words_on_at_once(self):
        passed = coalesce(iter([word("a"), word("b")]), pause=1000)

        assert next(passed).payload == {"delta": "a"}

    def test_joins_what_comes_within_a_pause(self):
        assert joined([word(letter) for letter in "abcdef"], step=0.1) == ["a", "bcdef"]

    def test_passes_slow_words_on_one_by_one(self):
        assert joined([word(letter) for letter in "abc"], step=2) == ["a", "b", "c"]

    def test_keeps_the_order_around_other_events(self):
        events = [word("a"), word("b"), RunEvent(EventKind.TOOL), word("c"), RunEvent(EventKind.REPORT)]

        assert joined(events, step=0.1) == ["a", "b", "tool", "c", "report"]

    def test_lets_no_event_grow_without_end(self):
        passed = list(coalesce((word("x" * 100) for _ in range(100)), pause=1000))

        assert max(len(event.payload["delta"]) for event in passed) <= MOST + 100
        assert sum(len(event.payload["delta"]) for event in passed) == 10_000
