"""Feedback at the curators' desk: read it, settle it, switch its effect off for a document or for all."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from knowledge_base.feedback import services
from knowledge_base.feedback.models import Feedback, FeedbackSwitch, FeedbackTally


class SettledFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Counts")), ("settled", _("Settled")), ("withdrawn", _("Withdrawn"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> QuerySet[Feedback]:
        match self.value():
            case "open":
                return queryset.filter(withdrawn_at__isnull=True, settled_at__isnull=True)
            case "settled":
                return queryset.filter(settled_at__isnull=False)
            case "withdrawn":
                return queryset.filter(withdrawn_at__isnull=False)
        return queryset


class RecordsOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only with its document; asked about that, feedback must not stand in the way."""
        match = request.resolver_match
        return bool(match and "knowledgedocument" in (match.url_name or "")) and request.user.has_perm(
            "knowledge_base.delete_knowledgedocument"
        )


@admin.register(Feedback)
class FeedbackAdmin(RecordsOnly):
    list_display = ("page", "verdict", "why", "user", "occasion", "revision", "weight", "effect", "given_at")
    list_display_links = ("given_at",)  # the first column leads to the document
    list_filter = (SettledFilter, "verdict", "given_at")
    list_select_related = ("document__feedback_tally", "user")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("document__title", "document__id", "why", "user__username", "occasion")
    actions = ("settle", "switch_off", "switch_on")

    @admin.display(description=_("Document"), ordering="document__title")
    def page(self, feedback: Feedback) -> str:
        address = reverse("admin:knowledge_base_knowledgedocument_change", args=[feedback.document_id])
        return format_html('<a href="{}">{}</a>', address, feedback.document.title)

    @admin.display(description=_("Moves its document by"))
    def effect(self, feedback: Feedback) -> str:
        tally: FeedbackTally | None = getattr(feedback.document, "feedback_tally", None)
        if tally is None or tally.is_off:
            return str(_("switched off")) if tally else "–"
        return f"{tally.shift:+.3f}"

    @admin.action(description=_("Settle: dealt with, counts no longer"), permissions=["view"])
    def settle(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        count = services.settle_feedback(feedback=Feedback.objects.filter(pk__in=chosen.values("pk")), by=_by(request))
        text = ngettext("%(count)d piece of feedback settled.", "%(count)d pieces of feedback settled.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Let feedback move these documents no longer"), permissions=["view"])
    def switch_off(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        self._switch(request, chosen, is_on=False)

    @admin.action(description=_("Let feedback move these documents again"), permissions=["view"])
    def switch_on(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        self._switch(request, chosen, is_on=True)

    def _switch(self, request: HttpRequest, chosen: QuerySet[Feedback], *, is_on: bool) -> None:
        if not request.user.has_perm("knowledge_base.add_feedbackswitch"):
            self.message_user(request, _("Your role may not do that."), messages.ERROR)
            return
        documents = {feedback.document for feedback in chosen.select_related("document")}
        for document in documents:
            services.switch_feedback(
                document=document, is_on=is_on, reason=str(_("From the list of feedback")), by=_by(request)
            )
        text = ngettext("%(count)d document changed.", "%(count)d documents changed.", len(documents))
        self.message_user(request, text % {"count": len(documents)}, messages.SUCCESS)


@admin.register(FeedbackSwitch)
class FeedbackSwitchAdmin(admin.ModelAdmin):
    """Rows are added, never altered: the newest one of a document, and of all, is in force."""

    list_display = ("about", "is_on", "reason", "changed_by", "changed_at")
    list_filter = ("is_on", "changed_at")
    list_select_related = ("document", "changed_by")
    list_per_page = 50
    fields = ("document", "is_on", "reason")
    autocomplete_fields = ("document",)
    search_fields = ("document__title", "reason")

    @admin.display(description=_("Document"))
    def about(self, row: FeedbackSwitch) -> str:
        return row.document.title if row.document else str(_("all documents"))

    def save_model(self, request: HttpRequest, obj: FeedbackSwitch, form: Any, change: bool) -> None:
        saved = services.switch_feedback(document=obj.document, is_on=obj.is_on, reason=obj.reason, by=_by(request))
        obj.__dict__.update(saved.__dict__)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _by(request: HttpRequest) -> Any:
    return request.user
