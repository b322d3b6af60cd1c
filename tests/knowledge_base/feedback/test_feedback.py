"""Feedback is kept once per occasion, can be taken back, settled and switched off; ranking reads its sum."""

from __future__ import annotations

import pytest

from knowledge_base.feedback import services
from knowledge_base.feedback.models import Feedback, FeedbackTally
from knowledge_base.models import KnowledgeDocument
from tests.conftest import make_person


@pytest.fixture
def document(db) -> KnowledgeDocument:
    return KnowledgeDocument.objects.create(id="kb-oom", title="OOM", category="memory", language="en")


def say(document, user, verdict="helped", **options):
    return services.give_feedback(document=document, user=user, verdict=verdict, **options)


def shift_of(document) -> float:
    return services.opinions_of([document.pk])[document.pk].shift if services.opinions_of([document.pk]) else 0.0


class GiveFeedbackTests:
    def test_moves_the_document_up(self, document, bob):
        say(document, bob)

        opinion = services.opinions_of([document.pk])[document.pk]
        assert (opinion.helped, opinion.wrong) == (1, 0)
        assert 0 < opinion.shift < 0.02

    def test_replaces_what_was_said_on_the_same_occasion(self, document, bob):
        say(document, bob, occasion="INC-000001")
        say(document, bob, "wrong", why="The command is gone in 7.2", occasion="INC-000001")

        [feedback] = Feedback.objects.all()
        assert (feedback.verdict, feedback.why) == ("wrong", "The command is gone in 7.2")
        assert shift_of(document) < 0

    def test_wants_a_reason_for_wrong(self, document, bob):
        with pytest.raises(services.NoReasonGiven):
            say(document, bob, "wrong", why="  ")

    def test_does_not_let_one_person_stuff_the_box(self, document, bob):
        for number in range(40):
            say(document, bob, occasion=f"INC-{number:06d}")

        assert FeedbackTally.objects.get().helped == 40
        assert shift_of(document) < 0.021

    def test_stays_within_its_bound_with_many_people(self, document):
        for number in range(30):
            say(document, make_person(f"person-{number}"))

        assert 0.07 < shift_of(document) < 0.1


class TakeBackTests:
    def test_restores_what_was_before(self, document, bob):
        say(document, bob)

        assert services.withdraw_feedback(document=document, user=bob)
        assert services.opinions_of([document.pk]) == {}
        assert not services.withdraw_feedback(document=document, user=bob)

    def test_counts_again_when_it_is_said_again(self, document, bob):
        say(document, bob)
        services.withdraw_feedback(document=document, user=bob)

        say(document, bob)

        assert shift_of(document) > 0

    def test_settled_complaints_no_longer_count(self, document, bob, carol):
        say(document, bob, "wrong", why="Typo in the command")

        assert services.settle_feedback(feedback=Feedback.objects.all(), by=carol) == 1
        assert services.opinions_of([document.pk]) == {}
        assert Feedback.objects.get().settled_by == carol


class SwitchTests:
    def test_silences_one_document(self, document, bob, carol):
        other = KnowledgeDocument.objects.create(id="kb-slow", title="Slow", category="performance")
        say(document, bob)
        say(other, bob)

        services.switch_feedback(document=document, is_on=False, reason="A campaign", by=carol)

        assert set(services.opinions_of([document.pk, other.pk])) == {other.pk}
        services.switch_feedback(document=document, is_on=True, reason="Over", by=carol)
        assert set(services.opinions_of([document.pk, other.pk])) == {document.pk, other.pk}

    def test_silences_all(self, document, bob, alice):
        say(document, bob)

        services.switch_feedback(document=None, is_on=False, reason="Audit", by=alice)
        assert services.opinions_of([document.pk]) == {}

        services.switch_feedback(document=None, is_on=True, reason="Over", by=alice)
        assert shift_of(document) > 0


class PassedOnTests:
    def test_counts_a_quarter(self, document, bob):
        services.pass_on(document_ids=[document.pk], user=bob, verdict="helped", why="", occasion="INC-000001")

        assert 0 < shift_of(document) < 0.004

    def test_leaves_alone_what_the_person_said_of_the_document_itself(self, document, bob):
        say(document, bob, "wrong", why="Outdated", occasion="INC-000001")

        services.pass_on(document_ids=[document.pk], user=bob, verdict="helped", why="", occasion="INC-000001")
        services.withdraw_passed_on(user=bob, occasion="INC-000001")

        assert Feedback.objects.get().verdict == "wrong"
        assert shift_of(document) < 0
