"""Limits in tokens and money."""

from __future__ import annotations

from datetime import date

import pytest

from sre_portal.llm.base import Message, Usage, complete
from sre_portal.llm.budget import Budget, Limit, MemoryStore
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.registry import build_chat
from tests.openai_replies import Reply

ASK = [Message("user", "Why is it slow?")]
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def failure_of(chat, **options):
    with pytest.raises(LLMError) as caught:
        complete(chat, ASK, **options)
    return caught.value


class TestARun:
    def test_knows_what_it_spent(self, openai_server, config):
        openai_server.reply_with("one two three")
        budget = Budget()

        complete(build_chat(config(prices=(1.0, 1.0)), budget=budget), ASK)

        assert (budget.spent.tokens_in, budget.spent.tokens_out) == (4, 3)
        assert budget.spent.cost == pytest.approx(7e-6)

    def test_over_its_limit_is_refused_before_anything_is_sent(self, openai_server, config):
        error = failure_of(build_chat(config(), budget=Budget(run=Limit(tokens=3))))

        assert error.kind == ErrorKind.BUDGET
        assert error.reason("ko") == "토큰 또는 비용 예산을 모두 사용했습니다. (3 tokens per run)"
        assert openai_server.requests == []

    def test_is_stopped_in_the_middle_of_an_answer(self, openai_server, config):
        budget = Budget(run=Limit(tokens=2_000))

        error = failure_of(build_chat(config("endless"), budget=budget))

        assert error.kind == ErrorKind.BUDGET
        assert openai_server.requests[0].hung_up.wait(10.0)
        assert 1_500 < budget.spent.tokens < 3_000

    def test_is_charged_for_calls_that_fail_half_way(self, config):
        budget = Budget()

        failure_of(build_chat(config("cut"), budget=budget))

        assert budget.spent.tokens > 0
        assert budget.spent.estimated

    def test_is_charged_when_the_reader_leaves(self, config):
        budget = Budget()

        with build_chat(config("slow"), budget=budget).stream(ASK) as events:
            next(events)

        assert budget.spent.tokens > 0

    def test_is_not_charged_for_calls_that_never_began(self, config):
        budget = Budget()

        failure_of(build_chat(config("wrong-key"), budget=budget))

        assert budget.spent == Usage()

    def test_in_money_ends_where_the_price_is_known(self, openai_server, config):
        budget = Budget(run=Limit(cost=0.01))
        openai_server.reply_with(Reply(pieces=("word " for _ in range(5)), usage=True))
        dear = build_chat(config(prices=(0.0, 1000.0)), budget=budget)

        complete(dear, ASK)

        assert failure_of(build_chat(config(prices=(5000.0, 0.0)), budget=budget)).kind == ErrorKind.BUDGET


class TestADay:
    def test_is_shared_by_its_runs(self, openai_server, config):
        store = MemoryStore()
        openai_server.reply_with("one two three")

        outcomes = []
        for _ in range(3):
            budget = Budget(day=Limit(tokens=20), store=store, today=lambda: MONDAY)
            try:
                complete(build_chat(config(), budget=budget), ASK)
                outcomes.append("")
            except LLMError as error:
                outcomes.append(error.detail)

        assert outcomes == ["", "", "20 tokens per day"]
        assert store.spent_on(MONDAY).tokens == 14
        assert store.spent_on(TUESDAY) == Usage()

    def test_begins_anew_the_next_day(self, openai_server, config):
        store = MemoryStore()
        store.add(MONDAY, Usage(1_000, 0), "any")

        end = complete(
            build_chat(config(), budget=Budget(day=Limit(tokens=100), store=store, today=lambda: TUESDAY)), ASK
        )

        assert end.text


class TestUsage:
    def test_adds_up(self):
        assert Usage(1, 2, 0.5) + Usage(3, 4, 0.25, estimated=True) == Usage(4, 6, 0.75, estimated=True)

    def test_of_unknown_price_makes_the_sum_unknown(self):
        assert (Usage(1, 1, 0.5) + Usage(1, 1, None)).cost is None
