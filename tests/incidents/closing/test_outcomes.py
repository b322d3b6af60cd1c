"""Confirmed outcomes lower confidence where it was too high, in small steps, and can be switched off."""

from __future__ import annotations

import pytest
from django.utils import timezone

from incidents.analysis.correction import Outcome, correct, correction_of, settings, shifted
from incidents.closing import outcomes
from incidents.closing.models import Closing
from incidents.models import Incident

LEAST = settings().least_outcomes


def history(right: int, wrong: int, confidence: float = 0.95) -> list[Outcome]:
    return [Outcome(confidence, 1.0)] * right + [Outcome(confidence, 0.0)] * wrong


def close_many(right: int, wrong: int, *, category: str = "memory", confidence: float = 0.95) -> None:
    for number in range(right + wrong):
        incident = Incident.objects.create(title="x", status="resolved", resolved_at=timezone.now())
        Closing.objects.create(
            incident=incident, said_category=category, said_confidence=confidence, closed_at=timezone.now(),
            diagnosis_right="yes" if number < right else "no",
        )  # fmt: skip


class CorrectionTests:
    def test_waits_for_enough_outcomes(self):
        assert correction_of("memory", history(0, LEAST - 1)) is None
        assert correction_of("memory", history(0, LEAST)) is not None

    def test_leaves_an_honest_history_alone(self):
        assert correction_of("memory", history(95, 5)) is None
        assert correction_of("memory", history(57, 3)) is None

    def test_never_raises_confidence(self):
        assert correction_of("memory", history(60, 0, confidence=0.5)) is None

    def test_moves_toward_the_truth_but_not_all_the_way(self):
        correction = correction_of("memory", history(6, 6))

        assert correction is not None
        assert 0.5 < shifted(0.95, correction.shift) < 0.9

    def test_comes_nearer_with_more_outcomes(self):
        few, many = correction_of("m", history(12, 3)), correction_of("m", history(120, 30))

        assert few is not None
        assert many is not None
        assert many.shift < few.shift < 0
        assert shifted(0.95, many.shift) == pytest.approx(0.8, abs=0.02)

    def test_has_a_limit(self):
        correction = correction_of("memory", history(0, 500))

        assert correction is not None
        assert correction.shift >= -settings().most - 0.001

    def test_counts_half_right_as_half(self):
        partly = [Outcome(0.95, 0.5)] * 20

        assert correction_of("m", partly).right == 10


class CorrectedReportTests:
    REPORT = {"category": "memory", "confidence_score": 0.95, "facts": {}, "notes": [], "language": "en"}

    def test_says_what_it_was_and_why(self):
        correction = correction_of("memory", history(6, 6))

        report = correct(dict(self.REPORT), {"memory": correction})

        assert report["confidence_score"] < 0.95
        assert report["facts"]["confidence_history"]["before"] == 0.95
        assert "of 12 closed incidents" in report["notes"][0]

    def test_touches_no_other_category(self):
        correction = correction_of("memory", history(6, 6))

        assert correct({**self.REPORT, "category": "cluster"}, {"memory": correction})["confidence_score"] == 0.95

    def test_is_lowered_once(self):
        corrections = {"memory": correction_of("memory", history(6, 6))}
        once = correct(dict(self.REPORT), corrections)

        assert correct(once, corrections) == once


@pytest.mark.django_db
class HistoryTests:
    def test_lowers_the_next_report_of_that_category(self, analysed):
        before = analysed().confidence
        close_many(4, 8)

        after = analysed()

        assert after.confidence < before
        assert after.latest_run.result["facts"]["confidence_history"]["before"] == pytest.approx(before)

    def test_feeds_on_what_was_said_before_it_was_lowered(self, analysed, bob):
        from incidents.closing.services import Answers, close_incident

        close_many(4, 8)
        closing = close_incident(incident=analysed(), answers=Answers("x", diagnosis_right="yes"), actor=bob)

        assert closing.said_confidence > closing.shown_confidence

    def test_can_be_switched_off_for_a_category_and_on_again(self, alice):
        close_many(4, 8)
        close_many(4, 8, category="cluster")

        outcomes.switch_correction(category="memory", is_on=False, reason="A bad week", by=alice)
        assert set(outcomes.corrections_in_force()) == {"cluster"}

        outcomes.switch_correction(category="memory", is_on=True, reason="Over", by=alice)
        assert set(outcomes.corrections_in_force()) == {"memory", "cluster"}

    def test_can_be_switched_off_altogether(self, alice):
        close_many(4, 8)

        outcomes.switch_correction(category="", is_on=False, reason="We trust the rules", by=alice)

        assert outcomes.corrections_in_force() == {}

    def test_does_not_count_what_was_reopened(self):
        close_many(4, 8)
        Closing.objects.update(reopened_at=timezone.now())

        assert outcomes.outcomes_by_category() == {}

    def test_draws_reliability_for_all_and_by_category(self):
        close_many(3, 1, confidence=0.95)
        close_many(1, 1, category="cluster", confidence=0.55)

        everything, memory, cluster = outcomes.reliability()

        assert (everything.category, everything.outcomes) == ("", 6)
        assert (memory.right, memory.bars[0].right) == (0.75, 0.75)
        assert cluster.ece == pytest.approx(0.05)
        assert memory.ece == pytest.approx(0.20)
