"""The administrators' cards on the admin's first page: incidents, runs and what the model cost."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.language_model.model_calls import ModelCall
from incidents.models import AnalysisRun, Incident, Severity
from sre_portal.desk import DeskCard


def cards(request: HttpRequest) -> list[DeskCard]:
    laid = [_open_incidents(linked=request.user.has_perm("incidents.view_incident"))]
    if request.user.has_perm("incidents.view_analysisrun"):
        laid.append(_failed_runs())
    if request.user.has_perm("incidents.view_modelcall"):
        laid.append(_model_cost())
    return laid


def _open_incidents(*, linked: bool) -> DeskCard:
    unresolved = Incident.objects.exclude(status=Incident.Status.RESOLVED)
    count = unresolved.count()
    critical = unresolved.filter(severity=Severity.CRITICAL).count()
    note = ngettext("%(count)d is critical", "%(count)d are critical", critical) % {"count": critical}
    return DeskCard(
        title=_("Open incidents"),
        value=str(count),
        note=note if critical else _("none is critical"),
        href=reverse("incident-list") if linked else "",
        icon="high",
        tone="critical" if critical else "none",
    )


def _failed_runs() -> DeskCard:
    since = timezone.now() - timedelta(days=1)
    count = AnalysisRun.objects.filter(status=AnalysisRun.Status.FAILED, finished_at__gte=since).count()
    return DeskCard(
        title=_("Failed analyses"),
        value=str(count),
        note=_("in the last 24 hours"),
        href=f"{reverse('admin:incidents_analysisrun_changelist')}?status__exact=failed",
        icon="cross",
        tone="high" if count else "none",
    )


def _model_cost() -> DeskCard:
    since = timezone.now() - timedelta(days=1)
    calls = ModelCall.objects.filter(at__gte=since)
    cost = calls.aggregate(total=Sum("cost"))["total"] or 0
    count = calls.count()
    return DeskCard(
        title=_("Model cost"),
        value=f"${cost:.2f}",
        note=ngettext("%(count)d call in 24 hours", "%(count)d calls in 24 hours", count) % {"count": count},
        href=reverse("admin:incidents_modelcall_changelist"),
        icon="chat",
    )
