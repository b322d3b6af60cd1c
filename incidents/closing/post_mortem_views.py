"""Pages of a post-mortem: read, write, look at what it was before, take it away."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents import queries
from incidents.closing import post_mortems
from incidents.closing.documents.building import post_mortem_document
from incidents.closing.documents.writing import body_html
from incidents.closing.forms import PostMortemForm
from incidents.closing.models import PostMortem
from incidents.closing.post_mortems import EditConflict, difference
from incidents.closing.views import file_of
from incidents.models import Incident, Language
from incidents.requests import PortalRequest
from incidents.views import may_change, may_view

MOST_VERSIONS = 50


@may_view
@require_GET
def post_mortem(request: PortalRequest, incident_id: int, language: str) -> HttpResponse:
    incident = _incident(request, incident_id, language)
    found = post_mortems.post_mortem_of(incident, language)
    context = {
        "section": "incidents", "incident": incident, "language": language, "post_mortem": found,
        "languages": Language.choices, "others": {one.language for one in incident.post_mortems.all()},
    }  # fmt: skip
    if found is not None:
        document = post_mortem_document(found)
        context["body"] = body_html(document.body, document.figures)
    return render(request, "incidents/closing/post_mortem.html", context)


@may_change
@require_POST
def post_mortem_start(request: PortalRequest, incident_id: int, language: str) -> HttpResponse:
    incident = _incident(request, incident_id, language)
    post_mortems.start_post_mortem(incident=incident, language=language, actor=request.user)
    return redirect("post-mortem-edit", incident.pk, language)


@may_change
@require_http_methods(["GET", "POST"])
def post_mortem_edit(request: PortalRequest, incident_id: int, language: str) -> HttpResponse:
    found = _post_mortem(request, incident_id, language)
    if request.method == "GET":
        return _editor(request, found, PostMortemForm(initial={"body": found.body, "seen": found.version}))
    form = PostMortemForm(request.POST)
    if not form.is_valid():
        return _editor(request, found, form, status=422)
    data = form.cleaned_data
    try:
        post_mortems.save_post_mortem(
            post_mortem=found, body=data["body"], seen=data["seen"], note=data["note"], actor=request.user
        )
    except EditConflict as conflict:
        return _conflict(request, conflict.current, data["body"], data["note"])
    messages.success(request, _("The post-mortem is saved."))
    return redirect("post-mortem", found.incident_id, language)


def _editor(request: PortalRequest, found: PostMortem, form: PostMortemForm, *, status: int = 200) -> HttpResponse:
    context = {"section": "incidents", "incident": found.incident, "post_mortem": found, "form": form}
    return render(request, "incidents/closing/post_mortem_edit.html", context, status=status)


def _conflict(request: PortalRequest, current: PostMortem, mine: str, note: str) -> HttpResponse:
    """Both versions: the person's own in the editor, and what the other one changed beside it."""
    form = PostMortemForm(initial={"body": mine, "note": note, "seen": current.version})
    context = {
        "section": "incidents", "incident": current.incident, "post_mortem": current, "form": form, "conflict": True,
        "lines": difference(current.body, mine.replace("\r\n", "\n")),
    }  # fmt: skip
    return render(request, "incidents/closing/post_mortem_edit.html", context, status=409)


@may_view
@require_GET
def post_mortem_history(request: PortalRequest, incident_id: int, language: str) -> HttpResponse:
    """Every version, and what one of them changed."""
    found = _post_mortem(request, incident_id, language)
    versions = list(found.versions.select_related("saved_by").defer("body")[:MOST_VERSIONS])
    asked = request.GET.get("version", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else found.version
    shown = get_object_or_404(found.versions, number=number)
    before = found.versions.filter(number__lt=number).first()
    context = {
        "section": "incidents", "incident": found.incident, "post_mortem": found, "versions": versions,
        "shown": shown, "lines": difference(before.body if before else "", shown.body),
    }  # fmt: skip
    return render(request, "incidents/closing/post_mortem_history.html", context)


@may_change
@require_POST
def post_mortem_restore(request: PortalRequest, incident_id: int, language: str, number: int) -> HttpResponse:
    found = _post_mortem(request, incident_id, language)
    get_object_or_404(found.versions, number=number)
    try:
        post_mortems.restore_version(post_mortem=found, number=number, actor=request.user)
    except EditConflict:
        messages.error(request, _("Somebody saved in between. Look at the newest version first."))
        return redirect("post-mortem-history", found.incident_id, language)
    messages.success(request, _("Version %(number)d stands again.") % {"number": number})
    return redirect("post-mortem", found.incident_id, language)


@may_view
@require_GET
def post_mortem_file(request: PortalRequest, incident_id: int, language: str, ending: str) -> HttpResponse:
    return file_of(post_mortem_document(_post_mortem(request, incident_id, language)), ending)


def _incident(request: PortalRequest, incident_id: int, language: str) -> Incident:
    if language not in Language.values:
        raise Http404
    return queries.incident_for(request.user, incident_id)


def _post_mortem(request: PortalRequest, incident_id: int, language: str) -> PostMortem:
    found = post_mortems.post_mortem_of(_incident(request, incident_id, language), language)
    if found is None:
        raise Http404(reverse("post-mortem", args=[incident_id, language]))
    return found
