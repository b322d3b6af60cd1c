"""Reading knowledge: who may see which documents, and the lists that people work through."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from knowledge_base.models import KnowledgeDocument

Documents = QuerySet[KnowledgeDocument]


def documents_for(user: Any) -> Documents:
    """Published documents; for those who may edit, all of them."""
    if user.has_perm("knowledge_base.change_knowledgedocument"):
        return KnowledgeDocument.objects.all()
    return KnowledgeDocument.objects.published()


def with_tag(documents: Documents, tag: str) -> Documents:
    """Documents that carry a tag. SQLite knows no `contains` for JSON, so the stored text is asked."""
    stored = (json.dumps(tag), json.dumps(tag, ensure_ascii=False))
    annotated = documents.annotate(tags_text=Cast("tags", TextField()))
    return annotated.filter(tags_text__contains=stored[0]) | annotated.filter(tags_text__contains=stored[1])


def due_for_review(documents: Documents, *, today: date | None = None) -> Documents:
    """Published documents whose review date has come, the longest overdue first."""
    due = documents.filter(status=KnowledgeDocument.Status.PUBLISHED, review_by__lte=today or timezone.localdate())
    return due.order_by("review_by", "pk")


def translations_of(document: KnowledgeDocument) -> Documents:
    """The same topic and kind in other languages."""
    if not document.topic:
        return KnowledgeDocument.objects.none()
    same = KnowledgeDocument.objects.published().filter(topic=document.topic, kind=document.kind)
    return same.exclude(language=document.language)
