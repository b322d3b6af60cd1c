"""Retries, breakers and fallbacks, mostly over real HTTP."""

from __future__ import annotations

import threading
import time

import pytest

from sre_portal.llm.base import Completed, Message, Retrying, TextDelta, complete
from sre_portal.llm.config import RetryPolicy
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.registry import build_chat
from sre_portal.llm.resilience import CircuitBreaker, Guarded, ResilientChat, delay_before
from sre_portal.llm.scripted import ScriptedChat
from tests.openai_replies import Reply, failure, rate_limited

ASK = [Message("user", "Why is it slow?")]
TIMEOUT = LLMError(ErrorKind.TIMEOUT)
AT_ONCE = RetryPolicy(attempts=3, first_delay=0.0)


def failure_of(chat, **options):
    with pytest.raises(LLMError) as caught:
        complete(chat, ASK, **options)
    return caught.value


class TestTheDelay:
    policy = RetryPolicy(attempts=4, first_delay=1.0, longest_delay=3.0)

    def test_doubles_up_to_the_longest(self):
        delays = [delay_before(attempt, self.policy, TIMEOUT, jitter=1.0) for attempt in (1, 2, 3)]

        assert delays == [1.0, 2.0, 3.0]

    def test_is_spread_so_that_clients_do_not_return_together(self):
        assert delay_before(1, self.policy, TIMEOUT, jitter=0.0) == 0.5

    def test_is_never_shorter_than_the_endpoint_asks_for(self):
        error = LLMError(ErrorKind.RATE_LIMITED, retry_after=2.0)

        assert delay_before(1, self.policy, error, jitter=0.0) == 2.0

    @pytest.mark.parametrize(
        "error",
        [
            LLMError(ErrorKind.RATE_LIMITED, retry_after=3600),
            LLMError(ErrorKind.AUTH),
            LLMError(ErrorKind.REFUSED),
            LLMError(ErrorKind.RATE_LIMITED, passing=False),
        ],
    )
    def test_is_none_when_waiting_does_not_help(self, error):
        assert delay_before(1, self.policy, error, jitter=0.5) is None

    def test_is_none_after_the_last_attempt(self):
        assert delay_before(4, self.policy, TIMEOUT, jitter=0.5) is None


class TestAFailedCall:
    def test_is_tried_again(self, openai_server, config):
        openai_server.reply_with(failure(500, "oops"), failure(503, "busy"), "Fine.")

        events = list(build_chat(config()).stream(ASK))

        assert [event.attempt for event in events if isinstance(event, Retrying)] == [2, 3]
        assert events[-1].text == "Fine."

    def test_waits_as_long_as_the_endpoint_asks(self, openai_server, config):
        openai_server.reply_with(rate_limited("0.2"), "Fine.")
        start = time.monotonic()

        complete(build_chat(config()), ASK)

        assert time.monotonic() - start >= 0.2

    def test_is_given_up_after_the_last_attempt(self, openai_server, config):
        assert failure_of(build_chat(config("server-error"))).kind == ErrorKind.UNAVAILABLE
        assert len(openai_server.requests) == 3

    @pytest.mark.parametrize("model", ["wrong-key", "unknown-model", "refusal", "out-of-quota"])
    def test_is_not_tried_again_when_that_can_not_help(self, openai_server, config, model):
        failure_of(build_chat(config(model)))

        assert len(openai_server.requests) == 1

    def test_is_not_tried_again_once_text_was_shown(self, openai_server, config):
        error = failure_of(build_chat(config("cut")))

        assert error.kind == ErrorKind.INTERRUPTED
        assert len(openai_server.requests) == 1

    def test_is_restarted_on_request_and_says_that_the_text_is_void(self, openai_server, config):
        openai_server.reply_with(Reply("one two three", cut_after=1), "Fine.")

        events = list(build_chat(config(), restart=True).stream(ASK))

        kinds = [type(event) for event in events]
        assert kinds == [TextDelta, Retrying, TextDelta, Completed]
        assert events[1].discard
        assert events[-1].text == "Fine."

    def test_ends_within_the_time_the_caller_allows(self, config):
        start = time.monotonic()

        failure_of(build_chat(config("slow-first-byte", retry=RetryPolicy(attempts=50))), within=0.5)

        assert time.monotonic() - start < 10.0

    def test_stops_waiting_when_closed(self, config):
        patient = RetryPolicy(attempts=3, first_delay=30.0, longest_delay=30.0)
        events = build_chat(config("server-error", retry=patient)).stream(ASK)
        threading.Timer(0.1, events.close).start()
        start = time.monotonic()

        with pytest.raises(LLMError) as caught:
            list(events)

        assert caught.value.kind == ErrorKind.CANCELLED
        assert time.monotonic() - start < 10.0

    def test_is_cancelled_through_all_layers_in_the_middle_of_a_stall(self, openai_server, config):
        events = build_chat(config("slow-headers", first_token=30.0, total=60.0)).stream(ASK)
        threading.Timer(0.1, events.close).start()

        with pytest.raises(LLMError) as caught:
            list(events)

        assert caught.value.kind == ErrorKind.CANCELLED


class TestTheFallback:
    def test_is_asked_when_the_first_model_fails(self, config):
        chat = build_chat(config("server-error", fallbacks=(config("spare"),)))

        events = list(chat.stream(ASK))

        assert events[-1].model == "openai:spare"
        switch = [event for event in events if isinstance(event, Retrying)][-1]
        assert (switch.model, switch.error.kind) == ("openai:spare", ErrorKind.UNAVAILABLE)

    def test_is_asked_at_once_when_waiting_does_not_help(self, openai_server, config):
        complete(build_chat(config("wrong-key", fallbacks=(config("spare"),))), ASK)

        assert [request.body["model"] for request in openai_server.requests] == ["wrong-key", "spare"]

    def test_is_not_asked_when_the_run_may_not_spend_more(self):
        spare = ScriptedChat("Fine.")

        assert failure_of(ResilientChat([ScriptedChat(LLMError(ErrorKind.BUDGET)), spare])).kind == ErrorKind.BUDGET
        assert spare.calls == []

    def test_failing_too_gives_its_own_reason(self, config):
        assert failure_of(build_chat(config("wrong-key", fallbacks=(config("refusal"),)))).kind == ErrorKind.REFUSED


class TestTheBreaker:
    def make(self, **changes):
        self.now = 0.0
        return CircuitBreaker(**{"failures": 2, "seconds": 10.0, "clock": lambda: self.now, **changes})

    def test_opens_after_failures_in_a_row(self):
        breaker = self.make()

        breaker.record(TIMEOUT)
        first = breaker.allows()
        breaker.record(TIMEOUT)

        assert (first, breaker.allows()) == (True, False)

    def test_starts_counting_anew_after_a_success(self):
        breaker = self.make()

        for outcome in (TIMEOUT, None, TIMEOUT):
            breaker.record(outcome)

        assert breaker.allows()

    def test_is_not_moved_by_what_says_nothing_of_the_endpoint(self):
        breaker = self.make()

        for _ in range(5):
            breaker.record(LLMError(ErrorKind.REFUSED))
            breaker.record(LLMError(ErrorKind.CANCELLED))

        assert breaker.allows()

    def test_lets_one_caller_through_after_the_pause(self):
        breaker = self.make()
        breaker.record(TIMEOUT)
        breaker.record(TIMEOUT)

        self.now = 10.0

        assert [breaker.allows(), breaker.allows()] == [True, False]

    def test_closes_when_that_one_succeeds_and_rests_again_when_not(self):
        breaker = self.make()
        breaker.record(TIMEOUT)
        breaker.record(TIMEOUT)
        self.now = 10.0
        breaker.allows()

        breaker.record(TIMEOUT)
        again = breaker.allows()
        self.now = 20.0
        breaker.allows()
        breaker.record(None)

        assert (again, breaker.allows()) == (False, True)

    def test_frees_its_probe_when_the_reader_leaves(self):
        breaker = self.make(failures=1)
        breaker.record(TIMEOUT)
        self.now = 10.0
        with ResilientChat([Guarded(ScriptedChat("one two"), breaker)]).stream(ASK) as events:
            next(events)

        assert breaker.allows()

    def test_turns_the_call_to_the_fallback_without_asking(self):
        breaker = self.make(failures=1)
        breaker.record(TIMEOUT)
        resting = ScriptedChat("Never said.")

        end = complete(ResilientChat([Guarded(resting, breaker), ScriptedChat("Fine.")], policy=AT_ONCE), ASK)

        assert end.text == "Fine."
        assert resting.calls == []

    def test_spares_a_dead_endpoint_over_many_runs(self, openai_server, config):
        for _ in range(10):
            failure_of(build_chat(config("server-error")))

        assert len(openai_server.requests) == 5


class TestManyRunsAtOnce:
    def test_do_not_disturb_each_other(self, openai_server, config):
        openai_server.reply_with(lambda request: Reply(request.body["messages"][-1]["content"] * 10, pace=0.002))
        answers: dict[int, str] = {}

        def run(number: int) -> None:
            answers[number] = complete(build_chat(config()), [Message("user", f"run{number} ")]).text

        threads = [threading.Thread(target=run, args=(number,)) for number in range(25)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == {number: f"run{number} " * 10 for number in range(25)}
