"""Comments, watching, ticks and the details of an incident, as forms that work with and without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import queries, services
from incidents.collaboration import queries as team_queries
from incidents.collaboration import services as team
from incidents.collaboration.conflicts import EditConflict, conflict_rows, version_of
from incidents.collaboration.forms import CommentForm, DetailsForm, version_seen
from incidents.collaboration.ticks import tick_of, ticks_of
from incidents.collaboration.timeline import CommentView
from incidents.models import Incident
from incidents.requests import PortalRequest
from incidents.views import may_change, may_view


def too_many() -> str:
    return _("That is more than %(count)d comments in a minute. Wait a moment; your text is kept.") % {
        "count": team.COMMENTS_PER_MINUTE
    }


# --- Comments --------------------------------------------------------------------------------------------------


@may_change
@require_POST
def comment_add(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Say something. The stream shows it to everybody who looks, its author among them."""
    incident = queries.incident_for(request.user, incident_id)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            comment = team.add_comment(incident=incident, author=request.user, text=form.cleaned_data["text"])
        except team.TooManyComments:
            form.add_error("text", too_many())
        else:
            if not request.htmx:
                return redirect(comment)
            form = CommentForm()
    if request.htmx:
        return render(request, "incidents/collaboration/composer.html", {"incident": incident, "comment_form": form})
    context = {"section": "incidents", "incident": incident, "comment_form": form}
    return render(request, "incidents/collaboration/comment_edit.html", context, status=422)


@may_view
@require_GET
def comment_detail(request: PortalRequest, incident_id: int, comment_id: int) -> HttpResponse:
    """Lead from a shared link to the comment on its page, however far down it stands."""
    comment = team_queries.comment_for(request.user, incident_id, comment_id)
    entry = comment.changes.order_by("pk").values_list("pk", flat=True).first()
    return redirect(f"{comment.incident.get_absolute_url()}?entry={entry}#comment-{comment.pk}")


@may_change
@require_http_methods(["GET", "POST"])
def comment_edit(request: PortalRequest, incident_id: int, comment_id: int) -> HttpResponse:
    comment = team_queries.own_comment_for(request.user, incident_id, comment_id)
    if request.method == "GET":
        if request.GET.get("cancel"):
            return _comment(request, comment)
        return _editor(request, comment, CommentForm(initial={"text": comment.text, "seen": comment.text}))
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _editor(request, comment, form, status=422)
    try:
        comment = team.edit_comment(
            comment=comment, actor=request.user, text=form.cleaned_data["text"], seen=form.cleaned_data["seen"]
        )
    except team.CommentChanged as changed:
        mine = CommentForm(initial={"text": form.cleaned_data["text"], "seen": changed.comment.text})
        return _editor(request, changed.comment, mine, theirs=changed.comment.text, status=409)
    return _comment(request, comment)


@may_change
@require_POST
def comment_delete(request: PortalRequest, incident_id: int, comment_id: int) -> HttpResponse:
    comment = team_queries.own_comment_for(request.user, incident_id, comment_id)
    return _comment(request, team.delete_comment(comment=comment, actor=request.user))


@may_view
@require_GET
def comment_history(request: PortalRequest, incident_id: int, comment_id: int) -> HttpResponse:
    """Every text that a comment has had. Those of a deleted one are for its author and administrators."""
    comment = team_queries.comment_for(request.user, incident_id, comment_id)
    if comment.is_deleted and comment.author_id != request.user.pk and not request.user.is_superuser:
        raise PermissionDenied
    context = {
        "section": "incidents", "incident": comment.incident, "comment": comment,
        "revisions": list(comment.revisions.order_by("pk")[:200]),
    }  # fmt: skip
    return render(request, "incidents/collaboration/comment_history.html", context)


def _comment(request: PortalRequest, comment: Any) -> HttpResponse:
    if not request.htmx:
        return redirect(comment)
    context = {"comment": CommentView.of(comment), "reader_id": request.user.pk}
    return render(request, "incidents/collaboration/comment.html", context)


def _editor(
    request: PortalRequest, comment: Any, form: CommentForm, *, theirs: str = "", status: int = 200
) -> HttpResponse:  # fmt: skip
    context = {
        "section": "incidents", "incident": comment.incident, "comment": comment, "comment_form": form,
        "theirs": theirs,
    }  # fmt: skip
    part = "comment_editor" if request.htmx else "comment_edit"
    # htmx shows answers of success only, and the editor says what is wrong by itself.
    shown = 200 if request.htmx else status
    return render(request, f"incidents/collaboration/{part}.html", context, status=shown)


# --- Watching and ticks ----------------------------------------------------------------------------------------


@may_view
@require_POST
def incident_watch(request: PortalRequest, incident_id: int) -> HttpResponse:
    incident = queries.incident_for(request.user, incident_id)
    is_on = request.POST.get("watch") == "1"
    team.watch(incident=incident, user=request.user, is_on=is_on)
    if not request.htmx:
        return redirect(incident)
    context = {"incident": incident, "is_watching": is_on}
    return render(request, "incidents/collaboration/watch.html", context)


@may_change
@require_POST
def step_tick(request: PortalRequest, incident_id: int, run_id: int, step: str) -> HttpResponse:
    """Tick a step of a report off, or take the tick back."""
    run = queries.run_for(request.user, run_id, incident_id=incident_id)
    try:
        if request.POST.get("done") == "1":
            team.tick(run=run, step=step, actor=request.user)
        else:
            team.untick(run=run, step=step, actor=request.user)
    except team.NoSuchStep:
        messages.error(request, _("The report has no such step any more."))
        return redirect(run)
    if not request.htmx:
        return redirect(f"{run.get_absolute_url()}#tick-{run.pk}-{step}")
    tick = tick_of(ticks_of(incident_id), incident_id=incident_id, run_id=run.pk, step=step)
    return render(request, "incidents/collaboration/tick_state.html", {"tick": tick})


# --- Details ---------------------------------------------------------------------------------------------------


@may_change
@require_http_methods(["GET", "POST"])
def incident_edit(request: PortalRequest, incident_id: int) -> HttpResponse:
    """Edit title and details. Who comes second sees both versions and decides."""
    incident = queries.incident_for(request.user, incident_id)
    if request.method == "GET":
        return _details(request, incident, DetailsForm(incident=incident))
    form = DetailsForm(request.POST, incident=incident)
    if not form.is_valid():
        return _details(request, incident, form, seen=version_seen(request.POST.get("seen", "")), status=422)
    try:
        services.edit_details(
            incident=incident, actor=request.user, seen=version_seen(request.POST.get("seen", "")), **form.details()
        )
    except EditConflict as conflict:
        return _details(request, queries.incident_for(request.user, incident_id), form, conflict=conflict, status=409)
    return redirect(incident)


def _details(
    request: PortalRequest, incident: Incident, form: DetailsForm, *, conflict: EditConflict | None = None,
    seen: int | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        "section": "incidents", "incident": incident, "form": form,
        "conflicts": conflict_rows(conflict), "seen": version_of(incident) if seen is None else seen,
    }  # fmt: skip
    return render(request, "incidents/collaboration/edit.html", context, status=status)
