from knowledge_base.glossary import Concept, Glossary
from knowledge_base.korean import inflected, variants, verb_stem

GLOSSARY = Glossary.of(
    [
        Concept("out-of-memory", ko=("메모리가 부족",)),
        Concept("keys-vanish", ko=("세션이 풀리",)),
        Concept("delete", ko=("지우",)),
    ]
)


class InflectedTests:
    def test_bends_a_stem_and_finds_it_in_a_bent_form(self):
        assert {"지우", "지운", "지울", "지워", "지웠"} <= inflected("지우")
        assert "사라지" in inflected("사라졌")

    def test_leaves_a_closed_syllable_alone(self):
        assert inflected("끊") == {"끊"}
        assert inflected("부족") == {"부족"}


class VariantsTests:
    def test_drop_particles_and_exchange_nouns_that_are_alike(self):
        assert {"메모리가 부족", "메모리 부족", "램 부족"} <= variants("메모리가 부족")


class VerbStemTests:
    def test_is_empty_for_a_noun(self):
        assert verb_stem("멈췄는데") == "멈췄"
        assert verb_stem("복제본") == ""


class GlossaryTests:
    def test_finds_a_phrase_past_particles_adverbs_and_endings(self):
        for said in ("램이 부족해요", "메모리는 너무 부족합니다", "메모리부족"):
            assert GLOSSARY.concepts_in(said) == ["out-of-memory"], said
        assert GLOSSARY.concepts_in("세션이 자꾸 풀려요") == ["keys-vanish"]
        assert GLOSSARY.concepts_in("누가 지웠어요") == ["delete"]

    def test_does_not_join_words_across_another_one(self):
        assert GLOSSARY.concepts_in("메모리 그래프가 부족") == []
