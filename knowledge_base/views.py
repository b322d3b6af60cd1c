"""Pages of the knowledge base: search and read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from knowledge_base import queries, retrieval
from knowledge_base.forms import SearchForm
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.lifecycle.usage import note_opened
from knowledge_base.lifecycle.worklist import work_counts
from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import Passage
from knowledge_base.rendering import render_line, rendered

RESULTS = 10
SUGGESTIONS = 5  # of the reader, shown with their answers
PER_PAGE = 200  # of the overview; what ships fits on one page
PARTS = {
    "title": _("title"), "symptoms": _("symptoms"), "root_causes": _("root causes"), "prevention": _("prevention"),
    "diagnosis_steps": _("diagnosis steps"), "solutions": _("solutions"), "notes": _("notes"),
}  # fmt: skip
may_read = permission_required("knowledge_base.view_knowledgedocument", raise_exception=True)


@login_required
@may_read
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    question = form.cleaned_data["q"] if form.is_valid() else ""
    context = {"form": form, "section": "knowledge", "question": question}
    if request.user.has_perm("knowledge_base.change_knowledgedocument"):
        context["waiting"] = work_counts().total
    if question:
        found = retrieval.search(question, filters=form.filters(), limit=RESULTS)
        context |= {"found": found, "results": [_shown(passage) for passage in found.passages]}
    else:
        context["documents"] = Paginator(_overview(form), PER_PAGE).get_page(request.GET.get("page"))
        kept = request.GET.copy()
        kept.pop("page", None)
        context["kept"] = kept.urlencode()
    template = "_results.html" if request.headers.get("HX-Request") else "search.html"
    return render(request, f"knowledge_base/{template}", context)


@login_required
@may_read
@require_GET
def document(request: HttpRequest, document_id: str) -> HttpResponse:
    found = get_object_or_404(queries.documents_for(request.user), pk=document_id)
    context = {
        "section": "knowledge",
        "document": found,
        "content": rendered(found.content()),
        "translations": queries.translations_of(found),
        "related": retrieval.documents_like(found),
        "suggestions": found.suggestions.filter(author_id=request.user.pk)[:SUGGESTIONS],
    }
    if found.is_published:
        note_opened(document_id=found.pk, from_search="q" in request.GET)
    return render(request, "knowledge_base/document.html", context)


def _overview(form: SearchForm) -> QuerySet[KnowledgeDocument]:
    """All published documents in the reader's language, narrowed as the form says."""
    documents = KnowledgeDocument.objects.published().only("id", "title", "category", "kind", "severity", "language")
    if not form.is_valid():
        return documents.order_by("category", "title")
    values = form.cleaned_data
    language = values["language"] or (get_language() or "en")[:2]
    wanted = {"category": values["category"], "kind": values["kind"], "language": language}
    narrowed = documents.filter(**{name: value for name, value in wanted.items() if value})
    return narrowed.order_by("category", "title")


def _shown(passage: Passage) -> dict[str, object]:
    """A passage with what the page says about it."""
    glossary = current_glossary()
    names = [name for name in passage.why.concepts if name in glossary.concepts]
    return {
        "passage": passage,
        "excerpt": render_line(passage.excerpt),
        "percent": round(passage.score * 100),
        "part": PARTS[passage.part.partition("[")[0]],
        "anchor": passage.part.replace("[", "").replace("]", ""),
        "line": int(passage.part.partition("[")[2].rstrip("]") or 0) + 1,
        "concepts": [_name_of(glossary.concepts[name].ko, name) for name in names],
    }


def _name_of(korean: tuple[str, ...], name: str) -> str:
    """A concept in the reader's language."""
    if (get_language() or "").startswith("ko") and korean:
        return korean[0]
    return name.replace("-", " ")
