"""Documents, vectors and curators for the tests of the knowledge base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge_base import vector_index
from knowledge_base.glossary_cache import forget_glossary
from knowledge_base.indexer import index_round
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument
from knowledge_base.vector_store.base import VectorCollection
from knowledge_base.vector_store.exact import ExactStore


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    forget_glossary()
    yield
    vector_index.release_store()
    forget_glossary()


@pytest.fixture
def chroma(settings: Any, tmp_path: Path) -> Path:
    """A private embedded directory. Opened by the first round of the indexer."""
    settings.CHROMA_URL = ""
    settings.CHROMA_PERSIST_DIRECTORY = tmp_path / "chroma"
    return tmp_path / "chroma"


@pytest.fixture
def exact(settings: Any) -> ExactStore:
    """Vectors in memory, for tests that are not about the store."""
    settings.CHROMA_URL = ""
    store = ExactStore()
    vector_index.use_store(store)
    return store


@pytest.fixture
def make_document(db: None) -> Callable[..., KnowledgeDocument]:
    def make(pk: str = "oom-en", **fields: Any) -> KnowledgeDocument:
        content: dict[str, Any] = {
            "title": f"Redis refuses writes, maxmemory reached ({pk})",
            "category": "memory",
            "language": "en",
            "symptoms": ["OOM command not allowed when used memory > 'maxmemory'"],
            "root_causes": ["noeviction and a full data set"],
            "diagnosis_steps": [{"text": "Look at the limit.", "command": "redis-cli INFO memory", "expect": ""}],
        }
        return KnowledgeDocument.objects.create(pk=pk, **{**content, **fields})

    return make


def settle(rounds: int = 50) -> None:
    """Let the indexer do all there is to do."""
    for _ in range(rounds):
        if not index_round():
            return
    raise AssertionError("the indexer never comes to rest")


def active_vectors() -> VectorCollection:
    row = IndexCollection.objects.get(state=IndexCollection.State.ACTIVE)
    return vector_index.open_collection(row.name)


def indexed_documents() -> set[str]:
    """The documents that have vectors."""
    return {record.document_id for record in active_vectors().scan()}


def vector_ids(document_id: str) -> list[str]:
    """The names of a document's vectors in the active collection."""
    return sorted(record.id for record in active_vectors().of_documents([document_id]))


def waiting() -> int:
    return IndexTask.objects.exclude(state=IndexTask.State.DONE).count()
