"""Load the knowledge and the glossary that come with the product.

Idempotent. What a curator changed or removed stays so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from knowledge_base.corpus import documents_in, knowledge_of
from knowledge_base.document_fields import clean_fields, forgiven_fields
from knowledge_base.document_format import read_markdown
from knowledge_base.embedders.registry import configured_stamp, embedder_for
from knowledge_base.glossary_cache import current_glossary, forget_glossary, shipped_glossary
from knowledge_base.knowledge import Knowledge
from knowledge_base.lifecycle.models import DocumentRevision
from knowledge_base.lifecycle.recording import signed
from knowledge_base.models import CONTENT_FIELDS, GlossaryEntry, KnowledgeDocument, RemovedShipped
from knowledge_base.stored_chunks import refresh_chunks


def knowledge_directory() -> Path:
    return Path(settings.BASE_DIR) / "fixtures" / "knowledge"


def shipped_files() -> list[Path]:
    return sorted(knowledge_directory().glob("*/*.md"))


def shipped_documents() -> Iterator[dict[str, Any]]:
    """The fields of every shipped document. Raises InvalidDocument for one that is broken: that is our own fault."""
    for file in shipped_files():
        yield clean_fields(read_markdown(file.read_text(encoding="utf-8")))


def knowledge_in_memory(*extra: Path) -> Knowledge:
    """The shipped knowledge, and the documents of further directories, in memory: for evaluations.

    Leaves no trace in the database and doesn't need one. Raises EmbedderUnavailable.
    """
    glossary = shipped_glossary()
    own = [forgiven_fields(fields) for directory in extra for fields in documents_in(directory)]
    return knowledge_of(
        [*shipped_documents(), *own],
        glossary=glossary,
        embedder=embedder_for(configured_stamp(), glossary),
        top_k=settings.RAG_TOP_K,
        threshold=settings.RAG_SIMILARITY_THRESHOLD,
    )


def load_shipped_knowledge(*, restore: bool = False) -> dict[str, int]:
    """Bring shipped documents up to this version. Return how many were created, updated, unchanged, kept or removed.

    "kept" were edited here and stay; "removed" were deleted here and come back only with `restore`.
    """
    with transaction.atomic():
        load_shipped_glossary()
        if restore:
            RemovedShipped.objects.all().delete()
        removed = set(RemovedShipped.objects.values_list("document_id", flat=True))
        known = KnowledgeDocument.objects.in_bulk()
        counts: Counter[str] = Counter(created=0, updated=0, unchanged=0, kept=0, removed=0)
        created, updated = [], []
        for fields in shipped_documents():
            document = known.get(fields["id"])
            if document is None:
                outcome = "removed" if fields["id"] in removed else "created"
                if outcome == "created":
                    created.append(_new(fields))
            else:
                outcome = _bring_up_to_date(document, fields)
                if outcome == "updated":
                    updated.append(document)
            counts[outcome] += 1
        with signed(source=DocumentRevision.Source.SHIPPED):
            _store(created, updated)
    return dict(counts)


def _new(fields: dict[str, Any]) -> KnowledgeDocument:
    document = KnowledgeDocument(**fields, origin=KnowledgeDocument.Origin.SHIPPED)
    document.stamp_content()
    document.shipped_hash = document.content_hash
    return document


def _bring_up_to_date(document: KnowledgeDocument, fields: dict[str, Any]) -> str:
    incoming = _new(fields)
    if document.content_hash == incoming.content_hash:
        return "unchanged"
    if document.origin != KnowledgeDocument.Origin.SHIPPED or document.is_edited:
        return "kept"
    for name in CONTENT_FIELDS:
        setattr(document, name, getattr(incoming, name))
    document.shipped_hash = incoming.content_hash
    return "updated"


def _store(created: list[KnowledgeDocument], updated: list[KnowledgeDocument]) -> None:
    KnowledgeDocument.objects.bulk_create(created, batch_size=100)
    if updated:
        KnowledgeDocument.objects.bulk_update(updated, [*CONTENT_FIELDS, "shipped_hash"], batch_size=100)
    refresh_chunks([*created, *updated], current_glossary())


def load_shipped_glossary() -> None:
    """Add the shipped entries that are new, and update those that nobody changed here."""
    known = {entry.concept: entry for entry in GlossaryEntry.objects.all()}
    shipped = [
        GlossaryEntry(concept=c.name, ko=list(c.ko), en=list(c.en), log=list(c.log), weight=c.weight.value)
        for c in shipped_glossary().concepts.values()
    ]
    for entry in shipped:
        entry.shipped_hash = entry.words_hash
    untouched = [entry for entry in shipped if entry.concept in known and _is_untouched(known[entry.concept])]
    changed = [entry for entry in untouched if known[entry.concept].shipped_hash != entry.shipped_hash]
    for entry in changed:
        entry.pk = known[entry.concept].pk
        entry.save()
    removed = set(RemovedShipped.objects.values_list("document_id", flat=True))
    new = [e for e in shipped if e.concept not in known and f"glossary:{e.concept}" not in removed]
    GlossaryEntry.objects.bulk_create(new)
    if new or changed:
        forget_glossary()


def _is_untouched(entry: GlossaryEntry) -> bool:
    return bool(entry.shipped_hash) and entry.words_hash == entry.shipped_hash
