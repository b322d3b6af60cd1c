"""The list of incidents, saved views, and changes to many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents.collaboration.queries import people
from incidents.finding import bulk, filters, listing, saved
from incidents.finding.filters import IncidentFilter
from incidents.finding.forms import BulkForm, ViewForm, bulk_choices
from incidents.finding.models import BulkChange
from incidents.finding.naming import names_of
from incidents.requests import PortalRequest
from incidents.samples import SAMPLES

may_view = permission_required("incidents.view_incident", raise_exception=True)
may_change = permission_required("incidents.change_incident", raise_exception=True)
BUILT_IN = (
    (gettext_lazy("All"), "view=all"),
    (gettext_lazy("Not resolved"), "status=unresolved"),
    (gettext_lazy("Mine"), "status=unresolved&assignee=me"),
    (gettext_lazy("Nobody's"), "status=unresolved&assignee=nobody"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """A way to the list: built in, or a saved view."""

    name: str
    query: str
    is_current: bool
    view: Any = None


@may_view
@require_GET
def incident_list(request: PortalRequest) -> HttpResponse:
    if not request.GET and (default := saved.default_view_of(request.user)) and default.query:
        return redirect(f"{reverse('incident-list')}?{default.query}")
    wanted = IncidentFilter.of(request.GET)
    page = listing.page_of(request.user, wanted, number=request.GET.get("page"))
    context = _list_context(request, wanted) | {"page": page, "undo": _just_done(request)}
    # Going back asks with htmx's header too, but wants the whole page.
    is_part = request.htmx and not request.htmx.history_restore_request
    response = render(request, "incidents/parts/found.html" if is_part else "incidents/list.html", context)
    response["Vary"] = "HX-Request"
    return response


def _list_context(request: PortalRequest, wanted: IncidentFilter) -> dict[str, Any]:
    tabs = _tabs(request, wanted)
    everybody = people()
    others = [person for person in everybody if person.pk != request.user.pk]
    return {
        "section": "incidents",
        "wanted": wanted,
        "kept": wanted.query or "view=all",
        "tabs": tabs,
        "current_view": next((tab.view for tab in tabs if tab.is_current and tab.view), None),
        "chips": filters.chips_of(wanted, names=names_of(wanted)),
        "choices": filters.CHOICES,
        "labels": filters.LABELS,
        "periods": filters.PERIOD_WORDS,
        "orders": filters.ORDERS,
        "people": everybody,
        "bulk_choices": bulk_choices(others),
        "samples": SAMPLES.items(),
    }


def _tabs(request: PortalRequest, wanted: IncidentFilter) -> list[Tab]:
    tabs = [Tab(str(name), query, _same(query, wanted)) for name, query in BUILT_IN]
    views = saved.views_of(request.user)
    return tabs + [Tab(view.name, view.query or "view=all", _same(view.query, wanted), view) for view in views]


def _same(query: str, wanted: IncidentFilter) -> bool:
    return IncidentFilter.of(QueryDict(query)).query == wanted.query


def _just_done(request: PortalRequest) -> BulkChange | None:
    """The change to many that led here, once, so that it can be taken back."""
    if "bulk_done" not in request.session:
        return None
    done, last = request.session.pop("bulk_done"), bulk.last_change(request.user)
    return last if last and last.pk == done else None


# --- Saved views ---------------------------------------------------------------------------------------------------


@may_view
@require_http_methods(["GET", "POST"])
def saved_views(request: PortalRequest) -> HttpResponse:
    """All views one may use; POST saves the list whose filters are sent along."""
    if request.method == "GET":
        default = saved.default_view_of(request.user)
        context = {"section": "incidents", "views": saved.views_of(request.user), "default": default}
        return render(request, "incidents/views.html", context)
    form = ViewForm(request.POST)
    wanted = IncidentFilter.of(QueryDict(request.POST.get("query", "")[:4000]))
    address = f"{reverse('incident-list')}?{wanted.query or 'view=all'}"
    if not form.is_valid():
        messages.error(request, _("Give the view a name of up to 60 characters."))
        return redirect(address)
    data = form.cleaned_data
    try:
        view = saved.save_view(
            owner=request.user, name=data["name"], wanted=wanted, is_shared=data["is_shared"],
            is_default=data["is_default"],
        )  # fmt: skip
        messages.success(request, _("“%(name)s” is saved.") % {"name": view.name})
    except saved.TooManyViews:
        messages.error(request, _("You have %(most)d views already; delete one first.") % {"most": saved.MOST_OWN})
    return redirect(address)


@may_view
@require_POST
def saved_view_change(request: PortalRequest, view_id: int) -> HttpResponse:
    """Rename, share, delete, or open the list with a view."""
    action = request.POST.get("action", "")
    if action in ("default", "no-default"):
        view = saved.seen_view(request.user, view_id)
        saved.open_with(user=request.user, view=view if action == "default" else None)
        return redirect("saved-views")
    view = saved.editable_view(request.user, view_id)
    if action == "delete":
        view.delete()
        messages.success(request, _("“%(name)s” is deleted.") % {"name": view.name})
        return redirect("saved-views")
    _rename(request, view)
    return redirect("saved-views")


def _rename(request: PortalRequest, view: Any) -> None:
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the view a name of up to 60 characters."))
        return
    try:
        saved.change_view(view=view, name=form.cleaned_data["name"], is_shared=form.cleaned_data["is_shared"])
    except saved.NameTaken:
        messages.error(request, _("There is another view of that name."))


# --- Many at once --------------------------------------------------------------------------------------------------


@may_change
@require_POST
def bulk_change(request: PortalRequest) -> HttpResponse:
    """Ask first, then change the incidents that were picked."""
    form = BulkForm(request.POST, actor=request.user)
    address = _way_back(request)
    if not form.is_valid():
        messages.error(request, form.problem())
        return redirect(address)
    if "confirmed" not in request.POST:
        context = {"section": "incidents", "form": form, "bulk": form.cleaned_data["bulk"], "next": address}
        return render(request, "incidents/bulk.html", context)
    change = bulk.change_many(incidents=form.incidents, bulk=form.cleaned_data["bulk"], actor=request.user)
    if change.before:
        request.session["bulk_done"] = change.pk
    else:
        messages.info(request, _("They were like that already; nothing was changed."))
    return redirect(address)


@may_change
@require_POST
def bulk_undo(request: PortalRequest, change_id: int) -> HttpResponse:
    change = get_object_or_404(BulkChange, pk=change_id, actor=request.user)
    try:
        count = bulk.undo(change=change, actor=request.user)
    except bulk.NothingToUndo:
        messages.error(request, _("That can't be taken back any more."))
        return redirect(_way_back(request))
    left = len(change.before) - count
    messages.success(
        request, ngettext("%(count)d incident is as before.", "%(count)d incidents are as before.", count)
        % {"count": count},
    )  # fmt: skip
    if left:
        messages.info(
            request, ngettext("%(count)d was changed by somebody since and stays as it is.",
                              "%(count)d were changed by somebody since and stay as they are.", left) % {"count": left}
        )  # fmt: skip
    return redirect(_way_back(request))


def _way_back(request: PortalRequest) -> str:
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe and address.startswith("/") else f"{reverse('incident-list')}?view=all"
