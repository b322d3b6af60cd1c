"""Import and export at the curators' desk: upload, look at every verdict, confirm; and packs of chosen documents."""

from __future__ import annotations

import tempfile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from knowledge_base.importing import jobs, packs
from knowledge_base.importing.models import ImportJob
from knowledge_base.importing.verdicts import Outcome
from knowledge_base.indexer import wake_indexer
from knowledge_base.models import KnowledgeDocument

ROWS = 100
LABELS = {
    Outcome.CREATED: _("New"),
    Outcome.UPDATED: _("Changed"),
    Outcome.UNCHANGED: _("Same"),
    Outcome.CONFLICT: _("Conflict"),
    Outcome.REFUSED: _("Refused"),
}


OUTCOMES = {outcome.value for outcome in Outcome}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "Markdown (also of Confluence or Notion), JSON, JSON lines, CSV, PDF, DOCX, "
            "or a ZIP or tar of them; up to 100 MB."
        ),
    )
    status = forms.ChoiceField(
        label=_("New documents become"),
        choices=[("draft", _("Drafts")), ("published", _("Published, where the linter finds no error"))],
        widget=forms.RadioSelect,
        initial="draft",
    )
    overwrite = forms.BooleanField(
        label=_("Overwrite documents that were changed here"),
        required=False,
        help_text=_("Otherwise they stay and are listed as conflicts."),
    )
    removed = forms.ChoiceField(
        label=_("Documents of an earlier import whose files are gone"),
        choices=[("keep", _("Stay as they are")), ("draft", _("Become drafts")), ("archive", _("Are archived"))],
        initial="keep",
    )


class ImportingAdmin(admin.ModelAdmin):
    """Adds the import's pages and the export to the documents' desk."""

    def get_urls(self) -> list[URLPattern]:
        def route(address: str, view: Any, name: str) -> Any:
            wrapped: Any = self.admin_site.admin_view(view)
            return path(address, wrapped, name=f"knowledge_base_import_{name}")

        return [
            route("import/", start_view, "start"),
            route("import/<int:job_id>/", job_view, "job"),
            route("import/<int:job_id>/step/", step_view, "step"),
            route("import/<int:job_id>/confirm/", confirm_view, "confirm"),
            route("import/<int:job_id>/discard/", discard_view, "discard"),
            *super().get_urls(),
        ]

    @admin.action(description=_("Export as a pack"), permissions=["view"])
    def export_pack(self, request: HttpRequest, documents: QuerySet[KnowledgeDocument]) -> FileResponse:
        return pack_response(KnowledgeDocument.objects.filter(pk__in=documents.values("pk")).order_by("pk"))


def pack_response(documents: QuerySet[KnowledgeDocument]) -> FileResponse:
    """The documents as a download. A large pack lies on disk while it is sent."""
    file = tempfile.SpooledTemporaryFile(max_size=5_000_000)  # noqa: SIM115  (the response closes it)
    packs.write_pack(documents.iterator(chunk_size=200), file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"knowledge-{timezone.localdate():%Y-%m-%d}.zip")


def _allow(request: HttpRequest) -> None:
    rights = ("knowledge_base.add_knowledgedocument", "knowledge_base.change_knowledgedocument")
    if not request.user.has_perms(rights):
        raise PermissionDenied


def start_view(request: HttpRequest) -> HttpResponse:
    _allow(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        options = {name: form.cleaned_data[name] for name in ("status", "overwrite", "removed")}
        try:
            job = jobs.begin(upload=form.cleaned_data["file"], by=request.user, options=options)
        except jobs.UploadTooLarge:
            form.add_error("file", _("The file is larger than 100 MB. Please import it with `import_knowledge`."))
        else:
            return redirect(jobs.advance(job=job, by=request.user).get_absolute_url())
    context = {"form": form, "jobs": ImportJob.objects.all()[:10], "title": _("Import documents")}
    return _page(request, "start", context, 400 if form.errors else 200)


def job_view(request: HttpRequest, job_id: int) -> HttpResponse:
    _allow(request)
    job = get_object_or_404(ImportJob, pk=job_id)
    wanted = request.GET.get("outcome", "")
    rows = job.rows.filter(outcome=wanted) if wanted in OUTCOMES else job.rows.all()
    context = {
        **_progress(job),
        "title": job.name,
        "wanted": wanted,
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "gone": jobs.gone_documents(job) if job.state == ImportJob.State.JUDGED else [],
        "labels": {outcome.value: label for outcome, label in LABELS.items()},
    }
    return _page(request, "job", context)


@require_POST
def step_view(request: HttpRequest, job_id: int) -> HttpResponse:
    """One step on. htmx gets the progress, which asks for the next one; at the end, and without it, the whole page."""
    _allow(request)
    job = jobs.advance(job=get_object_or_404(ImportJob, pk=job_id), by=request.user)
    if job.state == ImportJob.State.DONE:
        wake_indexer()
    if not request.headers.get("HX-Request"):
        return redirect(job.get_absolute_url())
    if job.is_running:
        return render(request, "admin/knowledge_base/import/_progress.html", _progress(job))
    return HttpResponse(headers={"HX-Redirect": job.get_absolute_url()})


@require_POST
def confirm_view(request: HttpRequest, job_id: int) -> HttpResponse:
    _allow(request)
    job = get_object_or_404(ImportJob, pk=job_id)
    if not jobs.confirm(job=job, by=request.user):
        messages.warning(request, _("This import does not wait for a confirmation."))
    jobs.advance(job=job, by=request.user)
    wake_indexer()
    return redirect(job.get_absolute_url())


@require_POST
def discard_view(request: HttpRequest, job_id: int) -> HttpResponse:
    _allow(request)
    jobs.discard(job=get_object_or_404(ImportJob, pk=job_id))
    messages.success(request, _("The upload was thrown away."))
    return redirect(reverse("admin:knowledge_base_import_start"))


def _progress(job: ImportJob) -> dict[str, Any]:
    counts = jobs.counts_of(job)
    listed = [(outcome.value, LABELS[outcome], counts[outcome.value]) for outcome in Outcome]
    changes = counts[Outcome.CREATED] + counts[Outcome.UPDATED]
    text = ngettext("Import %(count)d document", "Import %(count)d documents", changes) % {"count": changes}
    return {"job": job, "counts": listed, "changes": changes, "confirm_text": text}


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    whole = {**admin.site.each_context(request), "opts": KnowledgeDocument._meta, **context}
    return render(request, f"admin/knowledge_base/import/{name}.html", whole, status=status)
