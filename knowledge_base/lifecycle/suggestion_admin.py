"""Suggestions in the admin: read as a diff, accepted or declined."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge_base.lifecycle.admin_pages import FOLDER, change_address
from knowledge_base.lifecycle.editing import EditConflict, merged_with_latest
from knowledge_base.lifecycle.histories import LABELS, compare
from knowledge_base.lifecycle.models import DocumentRevision, Suggestion
from knowledge_base.lifecycle.states import StepRefused, situation_of
from knowledge_base.lifecycle.suggestions import accept_suggestion, decline_suggestion


@admin.register(Suggestion)
class SuggestionAdmin(admin.ModelAdmin):
    list_display = ("document", "note", "author", "incident", "state", "created_at")
    list_filter = ("state", "created_at")
    list_select_related = ("document", "author")
    search_fields = ("document__id", "document__title", "note", "incident")
    list_per_page = 50

    class Media:
        css = {"all": ("knowledge_base/admin.css", "knowledge_base/diff.css")}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        suggestion = get_object_or_404(Suggestion.objects.select_related("document", "author"), pk=object_id)
        if not self.has_change_permission(request, suggestion):
            raise PermissionDenied
        refusal = ""
        if request.method == "POST":
            try:
                return self._answer(request, suggestion)
            except EditConflict as exc:
                refusal = _("The document has changed since in: %(fields)s. Take the change over by hand.") % {
                    "fields": ", ".join(str(LABELS[name]) for name in exc.merged.conflicts)
                }
            except StepRefused as exc:
                refusal = str(exc)
        return self._page(request, suggestion, refusal)

    def _answer(self, request: HttpRequest, suggestion: Suggestion) -> HttpResponse:
        answer = request.POST.get("answer", "")
        if "accept" in request.POST:
            accept_suggestion(suggestion=suggestion, by=request.user, answer=answer)
            self.message_user(request, _("Accepted: the change is a draft now."), messages.SUCCESS)
            return HttpResponseRedirect(change_address(suggestion.document_id))
        decline_suggestion(suggestion=suggestion, by=request.user, answer=answer)
        self.message_user(request, _("Declined; your answer stands on the document's page."), messages.SUCCESS)
        return HttpResponseRedirect("../../")

    def _page(self, request: HttpRequest, suggestion: Suggestion, refusal: str) -> HttpResponse:
        now = situation_of(suggestion.document)
        base = DocumentRevision.objects.filter(document=suggestion.document, number=suggestion.base_number).first()
        merged = merged_with_latest(now, suggestion.content, suggestion.base_number)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext_lazy("Suggestion"),
            "suggestion": suggestion,
            "document": suggestion.document,
            "subtitle": suggestion.document,
            "situation": now,
            "diffs": compare(base.content if base else now.content, suggestion.content),
            "conflicts": [LABELS[name] for name in merged.conflicts],
            "refusal": refusal,
            "answer": request.POST.get("answer", ""),
            "media": self.media,
        }
        return render(request, f"{FOLDER}/suggestion.html", context)
