"""Signals only keep caches in step; see services for what the domain does."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from knowledge_base.glossary_cache import current_glossary, forget_glossary
from knowledge_base.indexer import wake_indexer
from knowledge_base.models import GlossaryEntry, IndexCollection, IndexTask, KnowledgeDocument, RemovedShipped
from knowledge_base.stored_chunks import refresh_chunks


@receiver(post_save, sender=KnowledgeDocument)
def index_saved_document(instance: KnowledgeDocument, **kwargs: Any) -> None:
    """Full text at once, in the same transaction; vectors through the outbox."""
    with transaction.atomic():
        refresh_chunks([instance], current_glossary())
        IndexTask.objects.enqueue([instance.pk])
    transaction.on_commit(wake_indexer)


@receiver(post_delete, sender=KnowledgeDocument)
def forget_deleted_document(instance: KnowledgeDocument, **kwargs: Any) -> None:
    if instance.shipped_hash:
        RemovedShipped.objects.get_or_create(document_id=instance.pk)
    IndexTask.objects.enqueue([instance.pk])
    transaction.on_commit(wake_indexer)


@receiver(post_delete, sender=GlossaryEntry)
def remember_removed_entry(instance: GlossaryEntry, **kwargs: Any) -> None:
    if instance.shipped_hash:
        RemovedShipped.objects.get_or_create(document_id=f"glossary:{instance.concept}")


@receiver([post_save, post_delete], sender=GlossaryEntry)
def follow_glossary(**kwargs: Any) -> None:
    """Searches use the new words at once; the indexer then redoes the chunks they touch."""
    forget_glossary()
    IndexCollection.objects.filter(state=IndexCollection.State.ACTIVE).update(checked_at=None)
    transaction.on_commit(forget_glossary)
    transaction.on_commit(wake_indexer)
