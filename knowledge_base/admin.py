"""The curators' desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from knowledge_base import services
from knowledge_base.admin_filters import DueFilter, IndexStateFilter
from knowledge_base.admin_forms import DocumentForm, GlossaryForm
from knowledge_base.feedback import admin as feedback_admin  # noqa: F401  (registers feedback)
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.glossary_effects.desk import EffectAdmin
from knowledge_base.health import index_health
from knowledge_base.importing.desk import ImportingAdmin
from knowledge_base.linting.desk import LintedAdmin
from knowledge_base.models import GlossaryEntry, IndexTask, KnowledgeDocument, StoredChunk
from knowledge_base.rendering import rendered

TONES = {"done": "ok", "pending": "waiting", "running": "waiting", "failed": "failed"}


@admin.register(KnowledgeDocument)
class KnowledgeDocumentAdmin(LintedAdmin, ImportingAdmin):
    form = DocumentForm
    change_list_template = "admin/knowledge_base/knowledgedocument/change_list.html"
    change_form_template = "admin/knowledge_base/knowledgedocument/change_form.html"
    list_display = ("title", "category", "kind", "language", "status", "index_state", "updated_at")
    list_filter = ("status", IndexStateFilter, DueFilter, "category", "kind", "language", "severity", "origin")
    search_fields = ("id", "title", "topic", "tags", "notes")
    list_per_page = 50
    date_hierarchy = None
    actions = ("publish", "unpublish", "archive", "reindex", "export_pack")
    readonly_fields = ("revision", "origin", "created_at", "updated_at", "index_state")
    fieldsets = (
        (None, {"fields": ("id", "title", ("kind", "category", "severity"), ("language", "topic"), "status")}),
        (_("What is seen"), {"fields": ("symptoms", "questions", "tags")}),
        (_("Why, and how to tell"), {"fields": ("root_causes", "diagnosis_steps", "related_metrics")}),
        (_("What to do"), {"fields": ("solutions", "prevention", "notes")}),
        (_("Where it applies"), {"fields": ("applies_to", "preconditions", "sources")}),
        (_("Care"), {"fields": (("owner", "review_by"), ("revision", "origin"), ("created_at", "updated_at"),
                                "index_state")}),
    )  # fmt: skip

    class Media:
        css = {"all": ("knowledge_base/admin.css",)}
        js = ("knowledge_base/steps.js", "knowledge_base/preview.js")

    def get_queryset(self, request: HttpRequest) -> QuerySet[KnowledgeDocument]:
        task = IndexTask.objects.filter(document_id=OuterRef("pk"))
        documents: QuerySet[KnowledgeDocument] = super().get_queryset(request)
        return documents.annotate(
            task_state=Subquery(task.values("state")[:1]), task_error=Subquery(task.values("last_error")[:1])
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("id", *self.readonly_fields) if obj else self.readonly_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"status": KnowledgeDocument.Status.DRAFT, **super().get_changeform_initial_data(request)}

    @admin.display(description=_("Index"))
    def index_state(self, document: KnowledgeDocument) -> str:
        state = getattr(document, "task_state", None)
        if state is None:
            return "–"
        if state == "done" and not document.is_published:
            return format_html('<span class="index-state is-off">{}</span>', _("Not indexed"))
        label = IndexTask.State(state).label
        error = getattr(document, "task_error", "") or ""
        return format_html('<span class="index-state is-{}" title="{}">{}</span>', TONES[state], error, label)

    def save_model(self, request: HttpRequest, obj: KnowledgeDocument, form: Any, change: bool) -> None:
        """One call into the services, as every other interface makes it."""
        fields = {name: form.cleaned_data[name] for name in form.cleaned_data}
        if change:
            saved = services.update_document(document=obj, fields=fields, by=request.user)
        else:
            saved = services.create_document(fields=fields, by=request.user)
        obj.__dict__.update(saved.__dict__)

    def delete_model(self, request: HttpRequest, obj: KnowledgeDocument) -> None:
        services.delete_document(document=obj)

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._say(request, services.publish_documents(documents=documents))

    @admin.action(description=_("Take out of search (back to draft)"), permissions=["change"])
    def unpublish(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._say(request, services.unpublish_documents(documents=documents))

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._say(request, services.archive_documents(documents=documents))

    @admin.action(description=_("Index again"), permissions=["change"])
    def reindex(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        ids = list(documents.values_list("pk", flat=True))
        services.reindex_documents(document_ids=ids)
        self._say(request, len(ids))

    def _say(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)d document changed.", "%(count)d documents changed.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "index_health": index_health()})

    def get_urls(self) -> list[Any]:
        preview = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", preview, name="knowledge_base_knowledgedocument_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The document as its page will show it, from the fields as they stand in the form."""
        if not self.has_view_or_change_permission(request):
            return HttpResponse(status=403)
        form = DocumentForm(request.POST)
        form.is_valid()  # what can't be read yet is left out of the preview
        draft = KnowledgeDocument(**{name: value for name, value in form.cleaned_data.items() if name != "applies_to"})
        context = {"document": draft, "content": rendered(draft.content())}
        return render(request, "admin/knowledge_base/preview.html", context)


@admin.register(GlossaryEntry)
class GlossaryEntryAdmin(EffectAdmin):
    form = GlossaryForm
    list_display = ("concept", "korean", "english", "logs", "weight")
    list_filter = ("weight",)
    search_fields = ("concept", "ko", "en", "log")
    list_per_page = 100
    readonly_fields = ("used_in",)
    fields = ("concept", "weight", "ko", "en", "log", "used_in")

    class Media:
        css = {"all": ("knowledge_base/admin.css",)}

    @admin.display(description=_("Korean"))
    def korean(self, entry: GlossaryEntry) -> str:
        return _some(entry.ko)

    @admin.display(description=_("English"))
    def english(self, entry: GlossaryEntry) -> str:
        return _some(entry.en)

    @admin.display(description=_("Logs"))
    def logs(self, entry: GlossaryEntry) -> str:
        return _some(entry.log)

    @admin.display(description=_("Documents that speak of it"))
    def used_in(self, entry: GlossaryEntry) -> str:
        concept = current_glossary().concepts.get(entry.concept)
        if concept is None:
            return "–"
        padded = StoredChunk.objects.filter(body__contains=concept.token)
        return str(padded.values("document_id").distinct().count())


def _some(words: list[Any]) -> str:
    shown = ", ".join(map(str, words[:6]))
    return f"{shown} …" if len(words) > 6 else shown


@admin.register(IndexTask)
class IndexTaskAdmin(admin.ModelAdmin):
    """Read only: what the indexer does, and one thing to do about it."""

    list_display = ("document_id", "state", "attempts", "due_at", "indexed_revision", "indexed_at", "last_error")
    list_filter = ("state",)
    search_fields = ("document_id", "last_error")
    actions = ("retry",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Try again now"), permissions=["view"])
    def retry(self, request: HttpRequest, tasks: QuerySet[IndexTask]) -> None:
        services.reindex_documents(document_ids=list(tasks.values_list("document_id", flat=True)))
        self.message_user(request, _("The tasks are due now."), messages.SUCCESS)
