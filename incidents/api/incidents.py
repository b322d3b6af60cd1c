"""Incidents and their evidence."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents import queries, services
from incidents.api.analyze import INCIDENT_ID
from incidents.api.serializers import (
    EvidenceRequest,
    EvidenceSerializer,
    EvidenceTextSerializer,
    IncidentSerializer,
)
from incidents.closing import services as closing_services
from incidents.collaboration.conflicts import EditConflict, version_of
from incidents.collaboration.forms import version_seen
from incidents.finding.filters import IncidentFilter, unknown_values
from incidents.finding.listing import listed
from incidents.models import EvidenceItem, Incident
from incidents.requests import user_of

DETAILS = ("title", "description", "redis_version", "deployment_type")
FILTERS = [
    OpenApiParameter(name, OpenApiTypes.STR, description=description)
    for name, description in (
        ("q", _("words that must all stand in the incident, its report, evidence or comments; or a number")),
        ("status", "open, investigating, mitigated, resolved, unresolved"),
        ("severity", "critical, high, medium, low"),
        (
            "category",
            "memory, connection, replication, cluster, performance, persistence, security, availability, none",
        ),
        ("deployment", "standalone, replication, sentinel, cluster"),
        ("right", _("whether the diagnosis was right: yes, partly, no or unjudged")),
        ("assignee", _("a user name, `me` or `nobody`")),
        ("reporter", _("a user name or `me`")),
        ("watcher", _("a user name or `me`")),
        ("version", _("the beginning of a version: 7 or 7.2")),
        ("period", _("reported within 1h, 24h, 7d, 30d, 90d or 365d")),
        ("since", _("reported from a day or moment on")),
        ("until", _("reported up to a day or moment")),
        ("resolved", _("resolved within 1h, 24h, 7d, 30d, 90d or 365d")),
        ("cause", _("id of a root cause")),
        ("finding", _("id of a rule that spoke")),
        ("document", _("id of a cited document")),
        ("order", "newest, oldest, severity, updated, stale"),
    )
]


class IncidentListView(generics.ListAPIView[Incident]):
    serializer_class = IncidentSerializer
    permissions_by_method = {"GET": "incidents.view_incident"}

    def get_queryset(self) -> QuerySet[Incident]:
        asked = self.request.query_params
        if unknown := unknown_values(asked):
            raise ValidationError({name: [_("%(value)s is not known.") % {"value": values[0]}]
                                   for name, values in unknown.items()})  # fmt: skip
        return listed(self.request.user, IncidentFilter.of(asked))

    @extend_schema(
        tags=["incidents"], summary=_("List incidents"), parameters=FILTERS,
        description=_("Filters are combined; those with several values take them separated by commas."),
    )  # fmt: skip
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class IncidentView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident", "PATCH": "incidents.change_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("Get an incident"), parameters=[INCIDENT_ID], responses=IncidentSerializer
    )
    def get(self, request: Request, incident_id: int) -> Response:
        return self._answer(queries.incident_for(request.user, incident_id))

    @extend_schema(
        tags=["incidents"], summary=_("Change status, assignee or details"),
        description=_(
            "Resolving takes `resolution` and `diagnosis_right` along. With `If-Match` and the ETag of an earlier "
            "answer nothing is overwritten that somebody else changed since: the answer is 412 then."
        ), parameters=[INCIDENT_ID],
        request=IncidentSerializer, responses=IncidentSerializer,
    )  # fmt: skip
    def patch(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = IncidentSerializer(incident, data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        try:
            incident = change(incident, wanted.validated_data, actor=user_of(request), seen=version_read(request))
        except EditConflict as conflict:
            raise ChangedMeanwhile(conflict) from None
        return self._answer(incident)

    def _answer(self, incident: Incident) -> Response:
        data = IncidentSerializer(incident, context={"request": self.request}).data
        return Response(data, headers={"ETag": f'"{version_of(incident)}"'})


class ChangedMeanwhile(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed_meanwhile"

    def __init__(self, conflict: EditConflict) -> None:
        names = ", ".join(one.field for one in conflict.conflicts)
        super().__init__(_("Changed by somebody else since you read it: %(names)s.") % {"names": names})


def version_read(request: Request) -> int | None:
    """The version that a program read, from `If-Match`. None asks for no check; garbage is no version at all."""
    value = request.headers.get("If-Match")
    return None if value is None or value.strip() == "*" else version_seen(value.strip().removeprefix("W/").strip('"'))


@transaction.atomic
def change(incident: Incident, wanted: dict[str, Any], *, actor: Any, seen: int | None = None) -> Incident:
    """Change all of it or nothing. Raise EditConflict when somebody else changed the same since version `seen`."""
    details = {name: wanted[name] for name in DETAILS if name in wanted}
    if details:
        incident = services.edit_details(incident=incident, actor=actor, seen=seen, **details)
    if "assignee" in wanted:
        incident = services.assign(incident=incident, assignee=wanted["assignee"], actor=actor)
    if {"status", "resolution", "diagnosis_right"} & wanted.keys():
        incident = closing_services.set_status(
            incident=incident, actor=actor, status=wanted.get("status", incident.status),
            resolution=wanted.get("resolution", ""), diagnosis_right=wanted.get("diagnosis_right", ""), seen=seen,
        )  # fmt: skip
    return incident


class EvidenceListView(generics.ListAPIView[EvidenceItem]):
    serializer_class = EvidenceSerializer
    permissions_by_method = {"GET": "incidents.view_incident", "POST": "incidents.change_incident"}

    def get_queryset(self) -> QuerySet[EvidenceItem]:
        return queries.evidence_list(queries.incident_for(self.request.user, self.kwargs["incident_id"]))

    @extend_schema(tags=["incidents"], summary=_("List the evidence of an incident"), parameters=[INCIDENT_ID])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["incidents"], summary=_("Add evidence"),
        description=_("Start a run afterwards to have it analysed."), parameters=[INCIDENT_ID], request=EvidenceRequest,
        responses={201: EvidenceSerializer(many=True)},
    )  # fmt: skip
    def post(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = EvidenceRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            rows = services.add_evidence(incident=incident, intake=wanted.intake(), actor=user_of(request))
        except services.NothingToAnalyse:
            raise ValidationError({"non_field_errors": [_("There is nothing to analyse.")]}) from None
        return Response(EvidenceSerializer(rows, many=True).data, status=status.HTTP_201_CREATED)


class EvidenceView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("Get one text"), parameters=[INCIDENT_ID], responses=EvidenceTextSerializer
    )
    def get(self, request: Request, incident_id: int, number: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        return Response(EvidenceTextSerializer(get_object_or_404(incident.evidence, sequence=number)).data)
