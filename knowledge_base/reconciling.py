"""Compare the index with the database in both directions, and prove that the vectors can be found.

The comparison catches what sends no signal: raw SQL, a restored backup, a crash between two steps. The sample catches
what a comparison can't see: Chroma lists vectors whose search structure is lost, and answers with wrong neighbours.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from knowledge_base.glossary_cache import current_glossary
from knowledge_base.indexing import RECORD_FIELDS, record_of
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument, StoredChunk
from knowledge_base.passages import chunk_key
from knowledge_base.vector_index import open_collection
from knowledge_base.vector_store.base import VectorCollection, vector_id

logger = logging.getLogger(__name__)

SAMPLE = 50
SAME = 0.9999  # cosine of a vector with its equal


@dataclass(frozen=True, slots=True)
class Differences:
    """Keys that the collection lacks, holds in an older form, or should not hold; and their documents."""

    missing: int
    outdated: int
    stray: int
    documents: list[str]


@dataclass(frozen=True, slots=True)
class SampleHealth:
    asked: int
    found: int

    @property
    def share(self) -> float:
        return self.found / self.asked if self.asked else 1.0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What one comparison found. Everything found was put into the outbox."""

    differences: Differences
    chunkless: int  # published documents whose stored chunks were missing or old
    sample: SampleHealth
    vectors: int


def reconcile(row: IndexCollection) -> Reconciliation:
    """Compare chunks and vectors with the documents and put every difference into the outbox."""
    chunkless = enqueue_stale_chunks()
    collection = open_collection(row.name)
    found = differences(collection)
    IndexTask.objects.enqueue(found.documents)
    sample, vectors = sample_health(collection), collection.count()
    IndexCollection.objects.filter(pk=row.pk).update(
        checked_at=timezone.now(), vectors=vectors, sample_asked=sample.asked, sample_found=sample.found
    )
    return Reconciliation(found, chunkless, sample, vectors)


def enqueue_stale_chunks() -> int:
    """Put documents into the outbox whose stored chunks don't fit them: missing, old, or of a text nobody may see."""
    current = StoredChunk.objects.filter(document=OuterRef("pk"), revision=OuterRef("revision"))
    published = Q(status=KnowledgeDocument.Status.PUBLISHED)
    stale = KnowledgeDocument.objects.filter(
        published & ~Exists(current) | ~published & Exists(StoredChunk.objects.filter(document=OuterRef("pk")))
    )
    outdated = StoredChunk.objects.exclude(glossary_version=current_glossary().version)
    ids = {*stale.values_list("pk", flat=True), *outdated.values_list("document_id", flat=True)}
    IndexTask.objects.enqueue(sorted(ids))
    return len(ids)


def differences(collection: VectorCollection) -> Differences:
    rows = StoredChunk.objects.filter(
        document__status=KnowledgeDocument.Status.PUBLISHED, revision=F("document__revision")
    ).select_related("document")
    slim = rows.only("document_id", "position", "digest", *RECORD_FIELDS)
    wanted = {record.id: record for record in map(record_of, slim.iterator(chunk_size=2_000))}
    keys = {record.key for record in wanted.values()}
    documents: set[str] = set()
    outdated: set[str] = set()
    stray = 0
    for present in collection.scan():
        record = wanted.pop(present.id, None)
        if record == present:
            continue
        documents.add(present.document_id)
        if present.key in keys:
            outdated.add(present.key)
        else:
            stray += 1
    missing = [record for record in wanted.values() if record.key not in outdated]
    documents.update(record.document_id for record in wanted.values())
    return Differences(len(missing), len(outdated), stray, sorted(documents - {""}))


def sample_health(collection: VectorCollection) -> SampleHealth:
    """Search a random sample of vectors by themselves. In a sound index each finds itself, or its equal."""
    current = StoredChunk.objects.filter(revision=F("document__revision"))
    rows = list(current.values_list("document_id", "position", "digest"))
    chosen = random.sample(rows, min(SAMPLE, len(rows)))
    vectors = collection.vectors([vector_id(chunk_key(pk, position), digest) for pk, position, digest in chosen])
    found = 0
    for identifier, vector in vectors.items():
        hits = collection.query(vector, limit=3, where={})
        found += any(vector_id(hit.key, hit.digest) == identifier or hit.similarity >= SAME for hit in hits)
    return SampleHealth(len(vectors), found)
