from pathlib import Path

import pytest

from knowledge_base.glossary import Concept, Glossary, Weight, clean_words, read_glossary

SHIPPED = Path(__file__).parents[2] / "fixtures" / "glossary.toml"

SMALL = Glossary.of(
    [
        Concept("replica", ko=("레플리카", "복제본"), en=("replica", "slave")),
        Concept("replication-lag", ko=("복제 지연",), en=("replication lag",)),
        Concept("output-buffer", ko=("출력 버퍼",), en=("output buffer",)),
        Concept("key", ko=("키",), en=("key",), weight=Weight.GENERAL),
    ]
)


class ConceptsInTests:
    def test_find_the_same_concept_in_both_languages(self):
        assert SMALL.concepts_in("복제본이 느려요") == ["replica"]
        assert SMALL.concepts_in("the slaves are slow") == ["replica"]

    def test_read_a_phrase_with_and_without_its_space(self):
        assert SMALL.concepts_in("출력버퍼 초과") == ["output-buffer"]
        assert SMALL.concepts_in("출력 버퍼 초과") == ["output-buffer"]
        assert SMALL.concepts_in("client-output-buffer-limit") == ["output-buffer"]

    def test_prefer_the_longest_term(self):
        assert SMALL.concepts_in("replication lag") == ["replication-lag"]

    def test_take_a_single_syllable_only_as_a_word_of_its_own(self):
        assert SMALL.concepts_in("키가 없어요") == ["key"]
        assert SMALL.concepts_in("스키마") == []

    def test_never_run_from_inside_one_word_into_the_next(self):
        glossary = Glossary.of([Concept("x", ko=("리본",))])

        assert glossary.concepts_in("머리 본사") == []


class VersionTests:
    def test_changes_with_the_words_and_not_with_their_order(self):
        first = Glossary.of([Concept("a", en=("x", "y"))])
        turned = Glossary.of([Concept("a", en=("y", "x"))])
        other = Glossary.of([Concept("a", en=("x",))])

        assert first.version == turned.version
        assert first.version != other.version


class ShippedGlossaryTests:
    def test_holds_at_least_150_concepts_of_redis_in_both_languages(self):
        concepts = [c for c in read_glossary(SHIPPED).concepts.values() if c.weight is Weight.CONCEPT]

        assert len(concepts) >= 150
        assert sum(bool(c.ko) and bool(c.en) for c in concepts) >= 150

    def test_has_tokens_that_never_collide(self):
        concepts = read_glossary(SHIPPED).concepts.values()

        assert len({concept.token for concept in concepts}) == len(concepts)


class ReadGlossaryTests:
    def test_names_the_entry_that_cannot_be_used(self, tmp_path):
        file = tmp_path / "glossary.toml"
        file.write_text('[[concept]]\nname = "a"\nkr = ["x"]\n', encoding="utf-8")

        with pytest.raises(ValueError, match="kr"):
            read_glossary(file)


class CleanWordsTests:
    def test_drop_blanks_and_doubles(self):
        assert clean_words([" Replica ", "", "replica", "슬레이브"]) == ["Replica", "슬레이브"]
