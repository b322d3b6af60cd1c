"""The retrieval page in the admin: figures over time, questions to try, contracts that fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge_base import retrieval
from knowledge_base.contracts.charts import Chart, draw, language_values
from knowledge_base.contracts.measuring import request_measurement
from knowledge_base.contracts.models import FailingContract, RetrievalMeasurement
from knowledge_base.forms import SearchForm
from knowledge_base.lifecycle.worklist import work_counts

SHOWN = 30  # measurements in a chart
RESULTS = 20
SERIES = (("recall@1", "is-one", "recall_1"), ("recall@5", "is-five", "recall_5"), ("MRR", "is-mrr", "mrr"))


class TrialForm(SearchForm):
    """The portal's search with what only curators turn."""

    threshold = forms.FloatField(label=gettext_lazy("Threshold"), min_value=0, max_value=1, required=False)


class RetrievalPages:
    """Mixed into the admin of documents."""

    admin_site: admin.AdminSite
    has_change_permission: Callable[..., bool]
    message_user: Callable[..., None]
    _page: Callable[..., HttpResponse]

    def retrieval_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.retrieval_view)
        return [path("retrieval/", view, name="knowledge_base_knowledgedocument_retrieval")]

    def retrieval_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            request_measurement(RetrievalMeasurement.Trigger.CURATOR)
            self.message_user(request, _("Retrieval is measured in the background; reload in a moment."), messages.INFO)
            return HttpResponseRedirect(request.path)
        rows = measurements()
        failing = FailingContract.objects.select_related("document").order_by("document_id", "pk")
        context = {
            "title": _("Retrieval"),
            "work": work_counts(),
            "latest": rows[-1] if rows else None,
            "waiting": RetrievalMeasurement.objects.filter(taken_at=None).exists(),
            "charts": charts(rows),
            "measurements": rows[::-1][:10],
            "failing": Paginator(failing, 50).get_page(request.GET.get("page")),
            **trial(request),
        }
        return self._page(request, "retrieval", context)


def measurements() -> list[RetrievalMeasurement]:
    """The newest ones, oldest first."""
    rows = RetrievalMeasurement.objects.exclude(taken_at=None).order_by("-taken_at", "-pk")[:SHOWN]
    return list(reversed(rows))


def charts(rows: Sequence[RetrievalMeasurement]) -> list[tuple[str, Chart]]:
    """All questions, each language, and the silence on what is off topic."""
    times = [date_format(timezone.localtime(row.taken_at), "Y-m-d H:i") for row in rows if row.taken_at]
    by_language = [row.by_language for row in rows]
    drawn = [(_("All questions"), draw([(n, c, [getattr(r, f) for r in rows]) for n, c, f in SERIES], times))]
    for language, name in (("ko", _("Korean")), ("en", _("English"))):
        series = [(n, css, language_values(by_language, language, field)) for n, css, field in SERIES]
        drawn.append((name, draw(series, times)))
    silence = [(_("left alone"), "is-one", [row.abstention for row in rows])]
    drawn.append((_("Off-topic questions left unanswered"), draw(silence, times)))
    return [(name, chart) for name, chart in drawn if chart is not None]


def trial(request: HttpRequest) -> dict[str, Any]:
    """A question that the curator tries, with everything that decided its answer."""
    asked = "q" in request.GET
    form = TrialForm(request.GET if asked else None, initial={"threshold": settings.RAG_SIMILARITY_THRESHOLD})
    if not asked or not form.is_valid() or not form.cleaned_data["q"]:
        return {"form": form}
    threshold = form.cleaned_data["threshold"]
    used = settings.RAG_SIMILARITY_THRESHOLD if threshold is None else threshold
    found = retrieval.search(form.cleaned_data["q"], filters=form.filters(), limit=RESULTS, threshold=0.0)
    above = [one for one in found.passages if one.score >= used]
    return {"form": form, "found": found, "threshold": used, "above": len(above), "question": form.cleaned_data["q"]}
