"""Pages about a document's life in the portal: its history, and the form to suggest a change."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from knowledge_base import queries
from knowledge_base.document_fields import InvalidDocument
from knowledge_base.lifecycle.forms import SuggestionForm
from knowledge_base.lifecycle.histories import compare_revisions, timeline
from knowledge_base.lifecycle.models import DocumentRevision
from knowledge_base.lifecycle.suggestions import suggest_change
from knowledge_base.models import KnowledgeDocument

may_read = permission_required("knowledge_base.view_knowledgedocument", raise_exception=True)
may_suggest = permission_required("knowledge_base.add_suggestion", raise_exception=True)


@login_required
@may_read
@require_GET
def history(request: HttpRequest, document_id: str) -> HttpResponse:
    """What readers were given over time, and the difference between two of those texts."""
    document = _document(request, document_id)
    drafts_too = request.user.has_perm("knowledge_base.change_knowledgedocument")
    entries = timeline(document, published_only=not drafts_too)
    chosen = _chosen(document, request, published_only=not drafts_too)
    context = {"section": "knowledge", "document": document, "entries": entries}
    if chosen is not None:
        older, newer = chosen
        context |= {"older": older, "newer": newer, "diffs": compare_revisions(older, newer)}
    return render(request, "knowledge_base/lifecycle/history.html", context)


def _chosen(
    document: KnowledgeDocument, request: HttpRequest, *, published_only: bool
) -> tuple[DocumentRevision, DocumentRevision] | None:
    """The revision named by `revision`, and the one before it that the reader may see. None without one."""
    number = request.GET.get("revision", "")
    if not number.isdecimal() or len(number) > 9:
        return None
    rows = DocumentRevision.objects.filter(document=document).select_related("author")
    if published_only:
        rows = rows.exclude(published_at=None)
    newer = rows.filter(number=int(number)).first()
    if newer is None:
        raise Http404
    older = rows.filter(number__lt=newer.number).order_by("-number").first()
    return (older, newer) if older is not None else None


@login_required
@may_suggest
@require_http_methods(["GET", "POST"])
def suggest(request: HttpRequest, document_id: str) -> HttpResponse:
    document = _document(request, document_id)
    if request.method == "POST":
        form = SuggestionForm(request.POST)
        if form.is_valid() and _take_down(request, document, form):
            messages.success(request, _("Thank you. A curator will answer; you see the answer on this page."))
            return redirect("knowledge-detail", document.pk)
    else:
        form = SuggestionForm.of(document, incident=request.GET.get("incident", ""))
    context = {"section": "knowledge", "document": document, "form": form}
    return render(request, "knowledge_base/lifecycle/suggest.html", context)


def _take_down(request: HttpRequest, document: KnowledgeDocument, form: SuggestionForm) -> bool:
    """Store the suggestion; or put what is wrong beside its field."""
    values = form.cleaned_data
    try:
        suggest_change(
            document=document, fields=form.texts(), note=values["note"], incident=values["incident"], by=request.user
        )
    except InvalidDocument as exc:
        for name, reasons in exc.errors.items():
            for reason in reasons:
                form.add_error(name if name in form.fields else None, reason)
        return False
    return True


def _document(request: HttpRequest, document_id: str) -> KnowledgeDocument:
    return get_object_or_404(queries.documents_for(request.user), pk=document_id)
