"""The effect of a change of the glossary is shown before anything is saved."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge_base.glossary import Concept, Glossary
from knowledge_base.glossary_effects.clashes import clashes_of
from knowledge_base.glossary_effects.effects import effect_of, with_concept, without_concept
from knowledge_base.models import GlossaryEntry

QUESTION = "쭉정이가 잔뜩 쌓였어요"
ADDRESS = "/admin/knowledge_base/glossaryentry/"


class ClashTests:
    GLOSSARY = Glossary.of([
        Concept("eviction", ko=("축출",), en=("evict",)),
        Concept("key", en=("hot key",)),
        Concept("restart", en=("restart",)),
    ])  # fmt: skip

    def test_the_same_word_in_another_form_is_a_clash(self):
        (clash,) = clashes_of(Concept("removal", en=("Evicting",)), self.GLOSSARY)

        assert (clash.concept, clash.theirs, clash.same) == ("eviction", "evict", True)

    def test_a_word_inside_a_longer_one_loses_there(self):
        (clash,) = clashes_of(Concept("hot", ko=("축출",)), Glossary.of([Concept("long", ko=("축출 정책",))]))

        assert not clash.same

    def test_a_concept_does_not_clash_with_itself(self):
        assert clashes_of(self.GLOSSARY.concepts["eviction"], self.GLOSSARY) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("exact")
class EffectTests:
    @pytest.fixture(autouse=True)
    def _documents(self, make_document):
        make_document("tomb-en", topic="tombs", title="Tombstones pile up", symptoms=["tombstones everywhere"],
                      questions=[QUESTION], root_causes=[], diagnosis_steps=[])  # fmt: skip
        make_document("other-en", topic="others", title="Writes refused", questions=["why do writes fail"])

    def test_a_new_word_finds_what_was_not_found(self):
        before = Glossary.of([Concept("tombstone", en=("tombstone",))])
        after = with_concept(before, Concept("tombstone", en=("tombstone",), ko=("쭉정이",)))

        effect = effect_of(before=before, after=after, concept="tombstone")

        (change,) = effect.changed
        assert (change.question, change.before, change.after) == (QUESTION, None, 1)
        assert (effect.better, effect.worse, effect.asked) == (1, 0, 2)

    def test_a_word_taken_away_makes_it_worse(self):
        before = Glossary.of([Concept("tombstone", en=("tombstone",), ko=("쭉정이",))])

        effect = effect_of(before=before, after=without_concept(before, "tombstone"), concept="tombstone")

        assert (effect.better, effect.worse) == (0, 1)
        assert effect.changed[0].is_worse

    def test_a_change_that_changes_nothing_says_so(self):
        before = Glossary.of([Concept("tombstone", en=("tombstone",))])
        after = with_concept(before, Concept("tombstone", en=("tombstone", "unheardofword")))

        assert effect_of(before=before, after=after, concept="tombstone").changed == ()


@pytest.mark.django_db
@pytest.mark.usefixtures("exact")
class DeskTests:
    FORM = {"concept": "tombstone", "weight": "concept", "ko": "쭉정이\n축출", "en": "tombstone", "log": ""}

    @pytest.fixture
    def desk(self, client: Any, carol: Any, make_document: Any) -> Any:
        GlossaryEntry.objects.create(concept="eviction", ko=["축출"], en=["evict"])
        make_document("tomb-en", topic="tombs", title="Tombstones pile up", symptoms=["tombstones everywhere"],
                      questions=[QUESTION], root_causes=[], diagnosis_steps=[])  # fmt: skip
        client.force_login(carol)
        return client

    def test_the_first_press_shows_the_effect_and_saves_nothing(self, desk):
        page = desk.post(f"{ADDRESS}add/", self.FORM, headers={"accept-language": "en"})

        text = page.content.decode()
        assert page.status_code == 200
        assert not GlossaryEntry.objects.filter(concept="tombstone").exists()
        assert QUESTION in text
        assert "is a word of eviction too" in text
        assert "쭉정이" in text
        assert "Please correct" not in text

    def test_the_second_press_saves_exactly_what_was_shown(self, desk):
        mark = desk.post(f"{ADDRESS}add/", self.FORM).context["mark"]

        other = desk.post(f"{ADDRESS}add/", {**self.FORM, "ko": "다른 말", "_confirmed": mark})
        assert other.status_code == 200
        assert not GlossaryEntry.objects.filter(concept="tombstone").exists()

        saved = desk.post(f"{ADDRESS}add/", {**self.FORM, "_confirmed": mark})
        assert saved.status_code == 302
        assert GlossaryEntry.objects.get(concept="tombstone").ko == ["쭉정이", "축출"]

    def test_saving_without_a_change_needs_no_confirmation(self, desk):
        entry = GlossaryEntry.objects.get(concept="eviction")

        answer = desk.post(
            f"{ADDRESS}{entry.pk}/change/",
            {"concept": "eviction", "weight": "concept", "ko": "축출", "en": "evict", "log": ""},
        )

        assert answer.status_code == 302

    def test_deleting_shows_the_effect_too(self, desk):
        entry = GlossaryEntry.objects.create(concept="tombstone", ko=["쭉정이"], en=["tombstone"])

        page = desk.get(f"{ADDRESS}{entry.pk}/delete/", headers={"accept-language": "ko"}).content.decode()

        assert QUESTION in page
        assert "변경의 효과" in page
        assert GlossaryEntry.objects.filter(pk=entry.pk).exists()
