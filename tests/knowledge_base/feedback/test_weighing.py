"""How votes become a shift: slowly, within bounds, and not by one person's zeal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.feedback.weighing import Vote, opinion_of, weights

BOUND = weights().bound


def votes(helped: int, wrong: int = 0) -> list[Vote]:
    return [Vote(person, person < helped) for person in range(helped + wrong)]


class OpinionTests:
    def test_is_nothing_without_votes(self):
        assert opinion_of([]).shift == 0.0
        assert not opinion_of([])

    def test_moves_a_little_for_five_people_whom_it_helped(self):
        opinion = opinion_of(votes(5))

        assert (opinion.helped, opinion.wrong) == (5, 0)
        assert opinion.shift == pytest.approx(0.0385, abs=0.0005)

    def test_takes_away_as_much_as_it_gives(self):
        assert opinion_of(votes(0, 5)).shift == -opinion_of(votes(5)).shift

    def test_is_undecided_when_people_disagree(self):
        assert opinion_of(votes(5, 5)).shift == 0.0

    def test_never_reaches_its_bound_however_many_vote(self):
        assert opinion_of(votes(100_000)).shift <= BOUND
        assert opinion_of(votes(1_000)).shift < BOUND

    def test_counts_one_person_twice_at_most_over_all_incidents(self):
        stuffed = [Vote(1, True) for _ in range(500)]

        assert opinion_of(stuffed).shift == opinion_of([Vote(1, True), Vote(1, True)]).shift
        assert opinion_of(stuffed).shift < opinion_of(votes(3)).shift

    def test_lets_three_honest_people_outweigh_a_hundred_votes_of_one(self):
        stuffed = [Vote(1, True) for _ in range(100)]
        honest = [Vote(2, False), Vote(3, False), Vote(4, False)]

        assert opinion_of(stuffed + honest).shift < 0

    @given(st.lists(st.builds(Vote, st.integers(1, 9), st.booleans(), st.sampled_from([0.25, 1.0])), max_size=60))
    def test_stays_within_the_bound(self, cast):
        assert abs(opinion_of(cast).shift) <= BOUND

    @given(st.integers(0, 40), st.integers(0, 40))
    def test_rises_with_every_further_person_it_helped(self, helped, wrong):
        assert opinion_of(votes(helped + 1, wrong)).shift >= opinion_of(votes(helped, wrong)).shift
