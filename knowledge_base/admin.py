"""The curators' desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from knowledge_base import services
from knowledge_base.admin_filters import DueFilter, IndexStateFilter
from knowledge_base.admin_forms import FORM_ONLY, DocumentForm, GlossaryForm, StepForm
from knowledge_base.contracts.admin_pages import RetrievalPages
from knowledge_base.feedback import admin as feedback_admin  # noqa: F401  (registers feedback)
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.glossary_effects.desk import EffectAdmin
from knowledge_base.health import index_health
from knowledge_base.importing.desk import ImportingAdmin
from knowledge_base.lifecycle import suggestion_admin  # noqa: F401  (registers it)
from knowledge_base.lifecycle.admin_pages import LifecyclePages, desk_context, step_address
from knowledge_base.lifecycle.editing import edit_document, put_content
from knowledge_base.lifecycle.histories import LABELS
from knowledge_base.lifecycle.states import Step, situation_of
from knowledge_base.lifecycle.steps import take_step
from knowledge_base.lifecycle.worklist import work_counts
from knowledge_base.linting.desk import LintedAdmin
from knowledge_base.models import GlossaryEntry, IndexTask, KnowledgeDocument, StoredChunk
from knowledge_base.rendering import rendered

MOST_AT_ONCE = 200  # documents that one bulk step takes
TONES = {"done": "ok", "pending": "waiting", "running": "waiting", "failed": "failed"}


@admin.register(KnowledgeDocument)
class KnowledgeDocumentAdmin(LifecyclePages, RetrievalPages, LintedAdmin, ImportingAdmin):
    form = DocumentForm
    change_list_template = "admin/knowledge_base/knowledgedocument/change_list.html"
    change_form_template = "admin/knowledge_base/knowledgedocument/change_form.html"
    list_display = ("title", "category", "kind", "language", "status", "index_state", "updated_at")
    list_filter = ("status", IndexStateFilter, DueFilter, "category", "kind", "language", "severity", "origin")
    search_fields = ("id", "title", "topic", "tags", "notes")
    list_per_page = 50
    date_hierarchy = None
    actions = ("publish", "submit", "unpublish", "archive", "reindex", "export_pack")
    action_form = StepForm
    readonly_fields = ("revision", "origin", "created_at", "updated_at", "index_state")
    fieldsets = (
        (None, {"fields": ("id", "title", ("kind", "category", "severity"), ("language", "topic"))}),
        (_("What is seen"), {"fields": ("symptoms", "questions", "tags")}),
        (_("Why, and how to tell"), {"fields": ("root_causes", "diagnosis_steps", "related_metrics")}),
        (_("What to do"), {"fields": ("solutions", "prevention", "notes")}),
        (_("Where it applies"), {"fields": ("applies_to", "preconditions", "sources")}),
        (_("Care"), {"fields": (("owner", "review_by"), ("revision", "origin"), ("created_at", "updated_at"),
                                "index_state")}),
        (_("This change"), {"fields": ("reason", "base_revision", "overruled")}),
    )  # fmt: skip

    class Media:
        css = {"all": ("knowledge_base/admin.css", "knowledge_base/diff.css")}
        js = ("knowledge_base/steps.js", "knowledge_base/preview.js")

    def get_queryset(self, request: HttpRequest) -> QuerySet[KnowledgeDocument]:
        task = IndexTask.objects.filter(document_id=OuterRef("pk"))
        documents: QuerySet[KnowledgeDocument] = super().get_queryset(request)
        return documents.annotate(
            task_state=Subquery(task.values("state")[:1]), task_error=Subquery(task.values("last_error")[:1])
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("id", *self.readonly_fields) if obj else self.readonly_fields

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The document with the text that is worked on: what the form shows is the draft, where there is one."""
        document = super().get_object(request, object_id, from_field)
        if document is not None:
            document.situation = situation_of(document)
            if document.situation.draft is not None:
                put_content(document, document.situation.content)
        return document

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
        fields = {name: value for name, value in form.cleaned_data.items() if name not in FORM_ONLY}
        reason = form.cleaned_data.get("reason", "")
        if change:
            seen = {"base": form.cleaned_data.get("base_revision"), "overrule": form.cleaned_data.get("overruled")}
            edited = edit_document(document=obj, fields=fields, by=request.user, reason=reason, **seen)
            if edited.taken_over:
                names = ", ".join(str(LABELS[name]) for name in edited.taken_over)
                text = _("Somebody else changed meanwhile, and it was kept: %(fields)s") % {"fields": names}
                self.message_user(request, text, messages.INFO)
            return
        draft = {**fields, "status": KnowledgeDocument.Status.DRAFT}
        saved = services.create_document(fields=draft, by=request.user, reason=reason)
        obj.__dict__.update(saved.__dict__)

    def response_change(self, request: HttpRequest, obj: KnowledgeDocument) -> HttpResponse:
        return self._next_step(request, obj) or super().response_change(request, obj)

    def response_add(
        self, request: HttpRequest, obj: KnowledgeDocument, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._next_step(request, obj) or super().response_add(request, obj, post_url_continue)

    def _next_step(self, request: HttpRequest, document: KnowledgeDocument) -> HttpResponse | None:
        """Go on to the step whose button saved the form."""
        for step in (Step.SUBMIT, Step.PUBLISH):
            if f"_{step}" in request.POST:
                return HttpResponseRedirect(step_address(document.pk, step))
        return None

    def delete_model(self, request: HttpRequest, obj: KnowledgeDocument) -> None:
        services.delete_document(document=obj)

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._step(request, Step.PUBLISH, documents)

    @admin.action(description=_("Send to review"), permissions=["change"])
    def submit(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._step(request, Step.SUBMIT, documents)

    @admin.action(description=_("Take out of search (back to draft)"), permissions=["change"])
    def unpublish(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._step(request, Step.UNPUBLISH, documents)

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        self._step(request, Step.ARCHIVE, documents)

    def _step(self, request: HttpRequest, step: str, documents: QuerySet[KnowledgeDocument]) -> None:
        if documents.count() > MOST_AT_ONCE:
            text = _("Choose at most %(count)d documents at once.") % {"count": MOST_AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return
        reason = request.POST.get("reason", "").strip() or gettext("Several documents at once")
        done, refused = take_step(step, documents=documents, by=request.user, reason=reason)
        if done:
            self._say(request, done)
        for refusal in refused[:10]:
            self.message_user(request, f"{refusal.document.title}: {refusal.why}", messages.WARNING)

    @admin.action(description=_("Index again"), permissions=["change"])
    def reindex(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> None:
        ids = list(documents.values_list("pk", flat=True))
        services.reindex_documents(document_ids=ids)
        self._say(request, len(ids))

    def _say(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)d document changed.", "%(count)d documents changed.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        shown = {"index_health": index_health(), "work": work_counts()}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form; or, where the text is locked, the text itself with the steps that can be taken."""
        document = self.get_object(request, unquote(object_id))
        if document is None or not self.has_view_or_change_permission(request, document):
            return super().change_view(request, object_id, form_url, extra_context)
        situation = document.situation
        shown = desk_context(situation, request.user)
        if situation.is_locked:
            if request.method == "POST":
                self.message_user(request, _("The text is locked now; nothing was saved."), messages.ERROR)
            context = {"title": document.title, "subtitle": "", "content": rendered(situation.content), **shown}
            return self._page(request, "locked", context, document)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def get_urls(self) -> list[Any]:
        preview = self.admin_site.admin_view(self.preview_view)
        return [
            path("preview/", preview, name="knowledge_base_knowledgedocument_preview"),
            *self.lifecycle_urls(),
            *self.retrieval_urls(),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The document as its page will show it, from the fields as they stand in the form."""
        if not self.has_view_or_change_permission(request):
            return HttpResponse(status=403)
        form = DocumentForm(request.POST)
        form.is_valid()  # what can't be read yet is left out of the preview
        left_out = {"applies_to", *FORM_ONLY}
        draft = KnowledgeDocument(**{name: value for name, value in form.cleaned_data.items() if name not in left_out})
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
