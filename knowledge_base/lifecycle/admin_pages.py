"""Pages of the life cycle in the admin: take a step, publish, history, compare, roll back, the curators' worklist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge_base.contracts.services import check_contracts
from knowledge_base.lifecycle import editing, steps
from knowledge_base.lifecycle.histories import compare, compare_revisions, timeline
from knowledge_base.lifecycle.models import DocumentRevision, Suggestion
from knowledge_base.lifecycle.states import NEEDS_REASON, Situation, Step, StepRefused, situation_of
from knowledge_base.lifecycle.usage import usage_of
from knowledge_base.lifecycle.worklist import worklist
from knowledge_base.linting.presenting import by_field
from knowledge_base.models import KnowledgeDocument
from knowledge_base.rendering import rendered

FOLDER = "admin/knowledge_base/lifecycle"
BUTTONS = {
    Step.SUBMIT: gettext_lazy("Send to review"),
    Step.WITHDRAW: gettext_lazy("Take back from review"),
    Step.SEND_BACK: gettext_lazy("Send back to the author"),
    Step.PUBLISH: gettext_lazy("Publish …"),
    Step.UNPUBLISH: gettext_lazy("Take out of search"),
    Step.ARCHIVE: gettext_lazy("Archive"),
    Step.RESTORE: gettext_lazy("Restore as a draft"),
    Step.DISCARD: gettext_lazy("Discard the draft"),
}
EFFECTS = {
    Step.SUBMIT: gettext_lazy("The text is locked until somebody publishes it or sends it back."),
    Step.WITHDRAW: gettext_lazy("The text can be edited again; nobody reviews it meanwhile."),
    Step.SEND_BACK: gettext_lazy("The author can edit the text again and reads your reason."),
    Step.UNPUBLISH: gettext_lazy("No search and no analysis finds the document any more. It stays as a draft."),
    Step.ARCHIVE: gettext_lazy("No search finds the document any more, and its text is locked. It can be restored."),
    Step.RESTORE: gettext_lazy("The document becomes a draft that can be edited and published again."),
    Step.DISCARD: gettext_lazy(
        "What was written since the published revision is dropped. It stays readable in the history."
    ),
}
STRONG = (Step.PUBLISH,)
CAREFUL = (Step.UNPUBLISH, Step.ARCHIVE, Step.DISCARD)


def buttons_for(situation: Situation, user: Any) -> list[dict[str, Any]]:
    """The steps as links to their pages."""
    return [
        {
            "address": step_address(situation.document.pk, step),
            "label": BUTTONS[Step(step)],
            "tone": "strong" if step in STRONG else "careful" if step in CAREFUL else "plain",
        }
        for step in situation.steps_for(user)
    ]


def step_address(document_id: str, step: str) -> str:
    if step == Step.PUBLISH:
        return reverse("admin:knowledge_base_knowledgedocument_publish", args=[document_id])
    return reverse("admin:knowledge_base_knowledgedocument_step", args=[document_id, step])


def change_address(document_id: str) -> str:
    return reverse("admin:knowledge_base_knowledgedocument_change", args=[document_id])


def desk_context(situation: Situation, user: Any) -> dict[str, Any]:
    """What stands above the form: the state, the steps, and what others know of the document."""
    return {
        "situation": situation,
        "step_buttons": buttons_for(situation, user),
        "usage": usage_of(situation.document),
        "open_suggestions": situation.document.suggestions.filter(state=Suggestion.State.OPEN),
        "failing": situation.document.failing_contracts.count(),
        "last_step": situation.document.transitions.select_related("actor").first(),
    }


class LifecyclePages:
    """Mixed into the admin of documents. Every page asks for its permission and calls one service."""

    admin_site: admin.AdminSite
    opts: Any
    has_view_or_change_permission: Callable[..., bool]
    has_change_permission: Callable[..., bool]
    message_user: Callable[..., None]

    def lifecycle_urls(self) -> list[Any]:
        name = "knowledge_base_knowledgedocument"
        wrap = self.admin_site.admin_view
        return [
            path("worklist/", wrap(self.worklist_view), name=f"{name}_worklist"),
            path("<path:object_id>/step/<str:step>/", wrap(self.step_view), name=f"{name}_step"),
            path("<path:object_id>/publish/", wrap(self.publish_view), name=f"{name}_publish"),
            path("<path:object_id>/compare/", wrap(self.compare_view), name=f"{name}_compare"),
            path("<path:object_id>/rollback/<int:number>/", wrap(self.rollback_view), name=f"{name}_rollback"),
        ]

    def worklist_view(self, request: HttpRequest) -> HttpResponse:
        self._require(request, change=True)
        context = {"title": _("What waits for you"), "work": worklist(request.user)}
        return self._page(request, "worklist", context)

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """Say what a step does and ask why; then take it."""
        document = self._document(request, object_id)
        if step not in EFFECTS:
            raise PermissionDenied
        reason = request.POST.get("reason", "")
        refusal = ""
        if request.method == "POST":
            try:
                steps.SERVICES[Step(step)](document=document, by=request.user, reason=reason)
            except StepRefused as exc:
                refusal = str(exc)
            else:
                return self._done(request, document, Step(step).label)
        context = {
            "title": BUTTONS[Step(step)],
            "effect": EFFECTS[Step(step)],
            "needs_reason": step in NEEDS_REASON,
            "reason": reason,
            "refusal": refusal,
            "careful": step in CAREFUL,
        }
        return self._page(request, "step", context, document)

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What readers will get, what the linter and the contracts say; then the step itself."""
        document = self._document(request, object_id)
        now = situation_of(document)
        refusal: StepRefused | None = None
        try:
            now.require(Step.PUBLISH, by=request.user)
        except StepRefused as exc:
            refusal = exc
        # Dozens of searches: the page stands first and then asks for them. Nothing is published without them.
        is_asked = request.method == "POST" or "contracts" in request.GET
        report = check_contracts(document=document, content=now.content) if is_asked else None
        if request.method == "POST" and refusal is None and report is not None:
            try:
                steps.publish(
                    document=document, by=request.user, reason=request.POST.get("reason", ""), report=report,
                    override=request.POST.get("override", ""), rebased="rebased" in request.POST,
                )  # fmt: skip
            except StepRefused as exc:
                refusal = exc
            else:
                return self._done(request, document, Step.PUBLISH.label)
        notes = by_field(steps.lint_notes(document, now.content))
        before = document.content() if document.is_published else {}
        context = {
            "title": _("Publish"),
            "situation": now,
            "refusal": refusal,
            "is_final": getattr(refusal, "code", "") in ("review_needed", "not_permitted", "step_refused"),
            "report": report,
            "notes": [note for listed in notes.values() for note in listed],
            "diffs": compare(before, now.content) if before else [],
            "content": None if before else rendered(now.content),
            "outdated": self._outdated(now),
            "reason": request.POST.get("reason", ""),
            "override": request.POST.get("override", ""),
        }
        return self._page(request, "publish", context, document)

    def _outdated(self, now: Situation) -> list[Any] | None:
        """What readers got since the draft was begun. None when nothing."""
        if now.draft is None or not now.draft.is_outdated:
            return None
        base = DocumentRevision.objects.filter(document=now.document, number=now.draft.base_number).first()
        return compare(base.content, now.document.content()) if base else []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """In the place of Django's own history, which knows nothing of revisions."""
        document = self._document(request, object_id, change=False)
        now = situation_of(document)
        context = {"title": _("History"), "entries": timeline(document), "situation": now}
        return self._page(request, "history", context, document)

    def compare_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._document(request, object_id, change=False)
        older, newer = chosen_revisions(document, request.GET)
        context = {
            "title": _("Compare"),
            "older": older,
            "newer": newer,
            "diffs": compare_revisions(older, newer),
            "latest": situation_of(document).latest,
        }
        return self._page(request, "compare", context, document)

    def rollback_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        document = self._document(request, object_id)
        now = situation_of(document)
        revision = get_object_or_404(DocumentRevision, document=document, number=number)
        refusal = ""
        if request.method == "POST":
            try:
                editing.roll_back(
                    document=document, number=number, by=request.user, reason=request.POST.get("reason", "")
                )
            except StepRefused as exc:
                refusal = str(exc)
            else:
                self.message_user(
                    request,
                    _("The text of revision %(number)d is the newest one now. Readers get it when it is published.")
                    % {"number": number},
                    messages.SUCCESS,
                )
                return HttpResponseRedirect(change_address(document.pk))
        context = {
            "title": _("Back to revision %(number)d") % {"number": number},
            "revision": revision,
            "diffs": compare(now.content, revision.content),
            "refusal": refusal,
            "reason": request.POST.get("reason", ""),
        }
        return self._page(request, "rollback", context, document)

    def _require(self, request: HttpRequest, *, change: bool, document: KnowledgeDocument | None = None) -> None:
        allowed = self.has_change_permission if change else self.has_view_or_change_permission
        if not allowed(request, document):
            raise PermissionDenied

    def _document(self, request: HttpRequest, object_id: str, *, change: bool = True) -> KnowledgeDocument:
        document = get_object_or_404(KnowledgeDocument, pk=object_id)
        self._require(request, change=change, document=document)
        return document

    def _page(
        self, request: HttpRequest, name: str, context: dict[str, Any], document: KnowledgeDocument | None = None
    ) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "document": document,
            "subtitle": document,
            "has_view_permission": True,
        }
        return render(request, f"{FOLDER}/{name}.html", {**shared, **context})

    def _done(self, request: HttpRequest, document: KnowledgeDocument, what: Any) -> HttpResponse:
        self.message_user(request, f"{document.title}: {what}.", messages.SUCCESS)
        return HttpResponseRedirect(change_address(document.pk))


def chosen_revisions(document: KnowledgeDocument, chosen: Any) -> tuple[DocumentRevision, DocumentRevision]:
    """The two revisions named by `from` and `to`; the last two where they are not."""
    rows = DocumentRevision.objects.filter(document=document).select_related("author")
    newer = rows.filter(number=_number(chosen.get("to"))).first() or rows.order_by("-number").first()
    if newer is None:
        raise PermissionDenied
    older = rows.filter(number=_number(chosen.get("from"))).first()
    older = older or rows.filter(number__lt=newer.number).order_by("-number").first() or newer
    return (older, newer) if older.number <= newer.number else (newer, older)


def _number(text: Any) -> int:
    return int(text) if str(text or "").isdecimal() and len(str(text)) < 9 else 0
