"""Incidents in the admin: to look up, correct and remove. Evidence and runs are records and stay as they are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy

from incidents.closing import admin as closing_admin  # noqa: F401  (registers what is kept when incidents end)
from incidents.collaboration import admin as collaboration_admin  # noqa: F401  (registers the team's tables)
from incidents.language_model import chat_admin  # noqa: F401  (registers the language model's tables)
from incidents.models import AnalysisRun, EvidenceItem, Incident, IncidentChange

# People make their own tokens on their own page, which shows a key once; a list of everybody's keys is a risk.
admin.site.unregister(TokenProxy)


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class EvidenceInline(ReadOnlyInline):
    model = EvidenceItem
    fields = ("sequence", "origin", "kind", "name", "node", "lines", "size", "added_by", "added_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EvidenceItem]:
        return super().get_queryset(request).defer("text")


class RunInline(ReadOnlyInline):
    model = AnalysisRun
    fields = ("status", "analyst", "language", "requested_by", "queued_at", "finished_at", "error")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnalysisRun]:
        return super().get_queryset(request).defer("result")


class ChangeInline(ReadOnlyInline):
    model = IncidentChange
    fields = ("at", "actor", "kind", "before", "after")
    show_change_link = False


class DeploymentFilter(admin.SimpleListFilter):
    title = _("deployment")
    parameter_name = "deployment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Incident.Deployment.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        return queryset.filter(deployment_type=self.value()) if self.value() else queryset


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin):
    list_display = ("public_id", "title", "severity", "category", "status", "assignee", "created_at", "page")
    list_display_links = ("public_id", "title")
    list_filter = ("status", "severity", "category", "diagnosis_right", DeploymentFilter, "language", "created_at")
    list_select_related = ("assignee",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "description", "summary", "resolution")
    autocomplete_fields = ("assignee", "reporter")
    readonly_fields = ("severity", "category", "summary", "confidence", "created_at", "updated_at")
    inlines = (EvidenceInline, RunInline, ChangeInline)
    fieldsets = (
        (None, {"fields": ("title", "description", ("status", "assignee", "reporter"))}),
        (_("Verdict"), {"fields": (("severity", "category", "confidence"), "summary")}),
        (
            _("Circumstances"),
            {"fields": (("timestamp", "occurred_at"), ("redis_version", "deployment_type", "language"))},
        ),
        (_("Closing"), {"fields": ("resolved_at", "resolution", "diagnosis_right")}),
        (_("Times"), {"fields": (("created_at", "updated_at"),)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # an incident begins with its evidence, on its own page

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        return super().get_queryset(request).defer("description", "resolution") if _is_list(request) else (
            super().get_queryset(request)
        )  # fmt: skip

    @admin.display(description=_("Page"))
    def page(self, incident: Incident) -> SafeString:
        return format_html('<a href="{}">{}</a>', incident.get_absolute_url(), _("Open"))


def _is_list(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and match.url_name and match.url_name.endswith("_changelist"))


class RecordAdmin(admin.ModelAdmin):
    """Records of what happened: to be read, and removed only together with their incident."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Asked for a record itself the answer is no; asked on behalf of its incident it must not stand in the way.
        match = request.resolver_match
        return bool(match and "incident_" in (match.url_name or "")) and super().has_delete_permission(request, obj)


@admin.register(AnalysisRun)
class AnalysisRunAdmin(RecordAdmin):
    list_display = ("id", "incident", "status", "analyst", "attempts", "queued_at", "started_at", "finished_at")
    list_filter = ("status", "language", "queued_at")
    list_select_related = ("incident",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("incident__title", "error", "analyst")
    exclude = ("result",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnalysisRun]:
        return super().get_queryset(request).defer("result")


@admin.register(EvidenceItem)
class EvidenceItemAdmin(RecordAdmin):
    list_display = ("incident", "sequence", "origin", "kind", "name", "node", "lines", "size", "added_at")
    list_filter = ("origin", "added_at")
    list_select_related = ("incident",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "node", "incident__title")
    exclude = ("text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EvidenceItem]:
        return super().get_queryset(request).defer("text")
