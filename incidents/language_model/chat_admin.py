"""The language model in the admin: every call, what checks found, and how evaluations went over time."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from incidents.language_model.capsules import Replay
from incidents.language_model.conversations import Turn
from incidents.language_model.evaluation_rows import EvaluationCase, EvaluationRow
from incidents.language_model.model_calls import ModelCall
from incidents.model_desk.checking import check_page
from incidents.model_desk.trend import MOST_ROWS, trend_of


class Record(admin.ModelAdmin):
    """What happened; nothing to be added or changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ModelCall)
class ModelCallAdmin(Record):
    list_display = (
        "at", "purpose", "model", "endpoint", "outcome", "seconds", "tokens_in", "tokens_out", "cost", "found",
    )  # fmt: skip
    list_filter = ("purpose", "outcome", "model", "at")
    list_select_related = ("incident",)
    search_fields = ("model", "endpoint", "error", "incident__title")
    date_hierarchy = "at"
    change_list_template = "admin/incidents/modelcall/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(partial(check_page, site=self.admin_site))
        return [path("check/", page, name="incidents_modelcall_check"), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # A record of what left the machine goes only with its incident.
        match = request.resolver_match
        return bool(match and "incident_" in (match.url_name or "")) and super().has_delete_permission(request, obj)

    @admin.display(description=_("Found by the check"))
    def found(self, call: ModelCall) -> str:
        """What a check says of the endpoint; empty for other calls."""
        if call.purpose != ModelCall.Purpose.CHECK:
            return ""
        options = call.options
        parts = [f"{options['first_token_ms']:.0f} ms" if options.get("first_token_ms") else ""]
        parts += [name for name in ("streaming", "tools") if options.get(name)]
        parts.append(str(options.get("structured_by") or ""))
        return ", ".join(part for part in parts if part) or call.error


@admin.register(EvaluationRow)
class EvaluationAdmin(Record):
    list_display = (
        "at", "analyst", "folder", "with_knowledge", "with_verification", "cases", "category_trend", "severity_trend",
        "cause_trend", "tokens", "cost",
    )  # fmt: skip
    list_filter = ("analyst", "with_knowledge", "with_verification", "folder")
    change_list_template = "admin/incidents/evaluationrow/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        trend = trend_of(self.get_queryset(request).order_by("-id")[:MOST_ROWS])
        return super().changelist_view(request, {"trend": trend, **(extra_context or {})})

    @admin.display(description=_("Category"))
    def category_trend(self, row: EvaluationRow) -> SafeString:
        return _bar(row, "category")

    @admin.display(description=_("Severity"))
    def severity_trend(self, row: EvaluationRow) -> SafeString:
        return _bar(row, "severity")

    @admin.display(description=_("Cause"))
    def cause_trend(self, row: EvaluationRow) -> SafeString:
        return _bar(row, "cause")


def _bar(row: EvaluationRow, name: str) -> SafeString:
    """A share as a bar, so that a list sorted by time shows the trend."""
    share = float(row.summary.get(name) or 0.0)
    return format_html('<meter min="0" max="1" value="{}"></meter> {}', f"{share:.3f}", f"{share:.0%}")


@admin.register(EvaluationCase)
class EvaluationCaseAdmin(Record):
    list_display = ("slug", "run", "is_confirmed", "kept_by", "kept_at")
    list_filter = ("is_confirmed",)
    list_select_related = ("run", "kept_by")
    search_fields = ("slug",)


@admin.register(Replay)
class ReplayAdmin(Record):
    list_display = ("at", "run", "analyst", "knowledge", "prompt_version", "status", "attempts", "error")
    list_filter = ("status", "knowledge", "analyst")
    list_select_related = ("run",)


@admin.register(Turn)
class TurnAdmin(Record):
    list_display = ("asked_at", "incident", "kind", "asked_by", "analyst", "status", "language")
    list_filter = ("kind", "status", "analyst", "language")
    list_select_related = ("incident", "asked_by")
    search_fields = ("question", "answer", "incident__title")
