from dataclasses import replace

import pytest

from knowledge_base.corpus import knowledge_of
from knowledge_base.embedders.hashed import HashedEmbedder
from knowledge_base.glossary import Concept, Glossary, Weight
from knowledge_base.passages import Filters

GLOSSARY = Glossary.of(
    [
        Concept("replica", ko=("레플리카", "복제본"), en=("replica",)),
        Concept("lag", ko=("지연",), en=("lag", "behind"), weight=Weight.GENERAL),
        Concept("eviction", ko=("축출",), en=("evict", "eviction")),
        Concept("redis", ko=("레디스",), en=("redis",), weight=Weight.PRODUCT),
        Concept("mysql", en=("mysql",), weight=Weight.SYSTEM),
    ]
)
DOCUMENTS = [
    {"id": "lag-en", "topic": "lag", "language": "en", "title": "Replica lag", "category": "replication",
     "symptoms": ["The replica falls behind its master"], "solutions": [{"text": "Raise the backlog.", "command": ""}]},
    {"id": "lag-ko", "topic": "lag", "language": "ko", "title": "복제 지연", "category": "replication",
     "symptoms": ["레플리카가 마스터보다 뒤처집니다"]},
    {"id": "evict-en", "topic": "evict", "language": "en", "title": "Keys are evicted", "category": "memory",
     "symptoms": ["Keys vanish because of eviction"]},
    {"id": "cron-en", "topic": "cron", "language": "en", "title": "Unknown cron entries", "category": "security",
     "symptoms": ["A crontab line that nobody wrote"]},
]  # fmt: skip
KNOWLEDGE = knowledge_of(DOCUMENTS, glossary=GLOSSARY, embedder=HashedEmbedder(GLOSSARY), top_k=5, threshold=0.35)


def ids(query: str, **options) -> list[str]:
    return [passage.document_id for passage in KNOWLEDGE.search(query, **options).passages]


class SearchTests:
    def test_finds_a_document_that_exists_only_in_the_other_language(self):
        assert ids("축출 때문에 키가 없어졌어요")[0] == "evict-en"

    def test_puts_the_readers_language_first_and_keeps_the_translation(self):
        assert ids("복제본 지연")[:2] == ["lag-ko", "lag-en"]
        assert ids("replica lag")[:2] == ["lag-en", "lag-ko"]
        assert ids("replica lag", language="ko")[:2] == ["lag-ko", "lag-en"]

    @pytest.mark.parametrize("query", ["capital of portugal", "내일 날씨 어때", "", "   ", "???", "🙂", "a" * 10_000])
    def test_abstains_when_the_question_is_about_something_else(self, query):
        result = KNOWLEDGE.search(query)

        assert result.abstained
        assert result.passages == ()

    def test_abstains_on_another_system_that_has_the_same_trouble(self):
        assert ids("mysql replica is behind") == []
        assert ids("redis replica is behind, mysql reads from it")[0] == "lag-en"

    def test_says_why_a_passage_was_chosen(self):
        passage = KNOWLEDGE.search("the replica is behind").passages[0]

        assert passage.why.words == ("replica", "behind")
        assert passage.why.concepts == ("replica", "lag")
        assert passage.why.similarity is not None
        assert passage.part == "symptoms[0]"
        assert passage.excerpt == "The replica falls behind its master"

    def test_scores_lie_between_zero_and_one(self):
        scores = [passage.score for passage in KNOWLEDGE.search("replica lag eviction", threshold=0.0).passages]

        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= score <= 1.0 for score in scores)

    def test_narrows_to_the_filters(self):
        assert ids("replica lag", filters=Filters(languages=("ko",))) == ["lag-ko"]
        assert ids("replica lag", filters=Filters(categories=("memory",))) == []


class WithoutVectorsTests:
    def test_answers_from_words_alone_and_says_so(self):
        retriever = replace(KNOWLEDGE.retriever, dense=None, problem="away")

        result = replace(KNOWLEDGE, retriever=retriever).search("replica lag")

        assert [passage.document_id for passage in result.passages][:2] == ["lag-en", "lag-ko"]
        assert not result.vector_available
        assert result.problem == "away"
