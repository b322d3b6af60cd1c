"""Filters of the document list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import IndexTask, KnowledgeDocument
from knowledge_base.queries import due_for_review

Documents = QuerySet[KnowledgeDocument]


class IndexStateFilter(admin.SimpleListFilter):
    title = _("index")
    parameter_name = "index"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Not in step yet")), ("failed", _("Failed"))]

    def queryset(self, request: HttpRequest, queryset: Documents) -> Documents:
        tasks = {
            "open": IndexTask.objects.exclude(state=IndexTask.State.DONE),
            "failed": IndexTask.objects.filter(state=IndexTask.State.FAILED),
        }.get(self.value() or "")
        return queryset if tasks is None else queryset.filter(pk__in=tasks.values("document_id"))


class DueFilter(admin.SimpleListFilter):
    title = _("review")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("due", _("Due for review"))]

    def queryset(self, request: HttpRequest, queryset: Documents) -> Documents:
        return due_for_review(queryset) if self.value() == "due" else queryset
