"""What is kept when incidents end, at the curators' desk, and how honest the product's confidence has been."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from incidents.analysis.correction import settings
from incidents.closing import outcomes
from incidents.closing.charts import reliability_figure
from incidents.closing.documents.shapes import as_svg
from incidents.closing.models import Closing, ConfidenceSwitch, FollowUp, IncidentCase, PostMortem, ReportFeedback


class ReadOnly(admin.ModelAdmin):
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only together with the incident: asked on behalf of that, records must not stand in the way."""
        match = request.resolver_match
        return bool(match and "incident_" in (match.url_name or "")) and super().has_delete_permission(request, obj)


def _link(incident: Any) -> str:
    return format_html('<a href="{}">{}</a>', incident.get_absolute_url(), incident.public_id)


@admin.register(Closing)
class ClosingAdmin(ReadOnly):
    """Outcomes as they were confirmed, and the chart over them."""

    change_list_template = "admin/incidents/closing/change_list.html"
    list_display = (
        "page", "diagnosis_right", "said_category", "said_cause", "sure", "actual", "analyst", "closed_by", "closed_at",
        "reopened_at",
    )  # fmt: skip
    list_display_links = ("closed_at",)  # the first column leads to the incident
    list_filter = ("diagnosis_right", "said_category", "closed_at", ("reopened_at", admin.EmptyFieldListFilter))
    list_select_related = ("incident", "closed_by")
    search_fields = ("incident__title", "said_cause", "actual_cause", "actual_words", "resolution")

    @admin.display(description=_("Incident"), ordering="incident_id")
    def page(self, closing: Closing) -> str:
        return _link(closing.incident)

    @admin.display(description=_("Confidence"), ordering="said_confidence")
    def sure(self, closing: Closing) -> str:
        return "–" if closing.said_confidence is None else f"{closing.said_confidence:.0%}"

    @admin.display(description=_("What it was"))
    def actual(self, closing: Closing) -> str:
        return closing.actual_words or closing.actual_cause or closing.actual_category or "–"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.reliability_view)
        return [path("reliability/", view, name="incidents_closing_reliability"), *super().get_urls()]

    def reliability_view(self, request: HttpRequest) -> HttpResponse:
        """Confidence against confirmed outcomes, of all and by category, and what follows from it."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        rows = outcomes.reliability()
        drawn = [(row, as_svg(figure) if (figure := reliability_figure(row)) else "", figure) for row in rows]
        context = {
            **self.admin_site.each_context(request), "title": _("How honest confidence has been"), "opts": self.opts,
            "rows": drawn, "settings": settings(),
            "may_switch": request.user.has_perm("incidents.add_confidenceswitch"),
            "switch_url": reverse("admin:incidents_confidenceswitch_add"),
        }  # fmt: skip
        return render(request, "admin/incidents/closing/reliability.html", context)


@admin.register(ConfidenceSwitch)
class ConfidenceSwitchAdmin(admin.ModelAdmin):
    """Rows are added, never altered: the newest one of a category, and of all, is in force."""

    list_display = ("about", "is_on", "reason", "changed_by", "changed_at")
    list_filter = ("category", "is_on")
    list_select_related = ("changed_by",)
    list_per_page = 50
    fields = ("category", "is_on", "reason")

    @admin.display(description=_("Category"))
    def about(self, row: ConfidenceSwitch) -> str:
        return row.get_category_display() if row.category else str(_("all of them"))

    def save_model(self, request: HttpRequest, obj: ConfidenceSwitch, form: Any, change: bool) -> None:
        by: Any = request.user
        saved = outcomes.switch_correction(category=obj.category, is_on=obj.is_on, reason=obj.reason, by=by)
        obj.__dict__.update(saved.__dict__)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FollowUp)
class FollowUpAdmin(ReadOnly):
    list_display = ("text", "page", "owner", "due", "done_at", "done_by")
    list_filter = (("done_at", admin.EmptyFieldListFilter), "due")
    list_select_related = ("incident", "owner", "done_by")
    search_fields = ("text", "incident__title")

    @admin.display(description=_("Incident"), ordering="incident_id")
    def page(self, task: FollowUp) -> str:
        return _link(task.incident)


@admin.register(ReportFeedback)
class ReportFeedbackAdmin(ReadOnly):
    list_display = ("page", "verdict", "why", "user", "given_at", "withdrawn_at")
    list_display_links = ("given_at",)  # the first column leads to the incident
    list_filter = ("verdict", "given_at", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("run__incident", "user")
    search_fields = ("why", "run__incident__title", "user__username")

    @admin.display(description=_("Report"), ordering="run_id")
    def page(self, feedback: ReportFeedback) -> str:
        return format_html(
            '<a href="{}">{} #{}</a>',
            feedback.run.get_absolute_url(), feedback.run.incident.public_id, feedback.run_id,
        )  # fmt: skip


@admin.register(IncidentCase)
class IncidentCaseAdmin(ReadOnly):
    list_display = ("page", "document", "drafted_at", "masked")
    list_display_links = ("drafted_at",)  # the first column leads to the incident
    list_select_related = ("incident", "document")
    search_fields = ("incident__title", "document__title")

    @admin.display(description=_("Incident"), ordering="incident_id")
    def page(self, case: IncidentCase) -> str:
        return _link(case.incident)


@admin.register(PostMortem)
class PostMortemAdmin(ReadOnly):
    list_display = ("page", "language", "version", "updated_by", "updated_at")
    list_display_links = ("updated_at",)  # the first column leads to the incident
    list_filter = ("language", "updated_at")
    list_select_related = ("incident", "updated_by")
    search_fields = ("incident__title", "body")

    @admin.display(description=_("Incident"), ordering="incident_id")
    def page(self, post_mortem: PostMortem) -> str:
        return _link(post_mortem.incident)
