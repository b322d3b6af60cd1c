from __future__ import annotations

import time

import pytest

from knowledge_base import retrieval, services, vector_index
from knowledge_base.indexer import Indexer
from knowledge_base.models import GlossaryEntry, StoredChunk
from tests.knowledge_base.conftest import settle, waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chroma")]


def eventually(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class BackgroundIndexerTests:
    def test_indexes_what_is_saved_and_gives_the_directory_back(self, make_document):
        services.start_background_indexer()
        services.start_background_indexer()  # twice is once
        try:
            make_document("a")

            assert eventually(lambda: vector_index.active_collection() is not None and not waiting())
            assert retrieval.search("OOM command not allowed").vector_available
        finally:
            services.stop_background_indexer()

        assert vector_index.attached_store() is None

    def test_outlives_a_fault(self, monkeypatch, make_document):
        from knowledge_base import indexer

        original, failures = indexer.index_round, [RuntimeError("a bug")]

        def faulty(*args):
            if failures:
                raise failures.pop()
            return original(*args)

        monkeypatch.setattr(indexer, "index_round", faulty)
        monkeypatch.setattr(indexer, "RETRY_SECONDS", 0.05)
        services.start_background_indexer()
        try:
            make_document("a")

            assert eventually(lambda: not failures and not waiting())
        finally:
            services.stop_background_indexer()

    def test_stops_at_once_even_in_the_middle_of_a_rebuild(self, make_document):
        for number in range(5):
            make_document(f"d{number}")
        thread = Indexer()
        thread.start()
        started = time.monotonic()

        thread.stop()

        assert time.monotonic() - started < 5
        assert not thread.is_alive()


class GlossaryChangeTests:
    def test_reaches_searches_at_once_and_the_index_soon(self, make_document):
        make_document("a", title="The flurb is full", symptoms=["flurb"], root_causes=[], diagnosis_steps=[])
        settle()
        assert retrieval.search("우물이 넘쳐요").abstained

        GlossaryEntry.objects.create(concept="flurb", ko=["우물"], en=["flurb"])
        settle()

        assert [p.document_id for p in retrieval.search("우물이 꽉 찼어요").passages] == ["a"]
        assert "c0flurb" in StoredChunk.objects.get().body
