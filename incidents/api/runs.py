"""Analysis runs: list, start, follow, cancel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents import queries, services
from incidents.api.analyze import INCIDENT_ID
from incidents.api.serializers import RunDetailSerializer, RunSerializer
from incidents.models import AnalysisRun, Language
from incidents.requests import user_of
from incidents.runs.fragments import JSON
from incidents.runs.streaming import follow
from sre_portal import sse

AFTER = OpenApiParameter("after", OpenApiTypes.INT, description=_("number of the last event that you have"))
EVENTS = {(200, "text/event-stream"): OpenApiTypes.STR}


FOLLOWING = _(
    "Everything that the run has told and tells, as it happens; ends with a `done` event. "
    "`Last-Event-ID` or `after` continue where a reader left off."
)


class AlreadyRunning(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "already_running"
    default_detail = _("An analysis of this incident is under way.")


class StartRequest(serializers.Serializer[Any]):
    language = serializers.ChoiceField(required=False, choices=Language.choices)


class RunListView(generics.ListAPIView[AnalysisRun]):
    serializer_class = RunSerializer
    permissions_by_method = {"GET": "incidents.view_incident"}

    def get_queryset(self) -> QuerySet[AnalysisRun]:
        runs = AnalysisRun.objects.visible_to(self.request.user).select_related("incident", "requested_by")
        wanted = self.request.query_params.get("status", "")
        return (runs.filter(status=wanted) if wanted else runs).defer("result").order_by("-id")

    @extend_schema(
        tags=["runs"], summary=_("List runs"),
        parameters=[OpenApiParameter("status", OpenApiTypes.STR, enum=AnalysisRun.Status.values)],
    )  # fmt: skip
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class IncidentRunsView(generics.ListAPIView[AnalysisRun]):
    serializer_class = RunSerializer
    permissions_by_method = {"GET": "incidents.view_incident", "POST": "incidents.change_incident"}

    def get_queryset(self) -> QuerySet[AnalysisRun]:
        incident = queries.incident_for(self.request.user, self.kwargs["incident_id"])
        return incident.runs.select_related("incident", "requested_by").defer("result").order_by("-id")

    @extend_schema(tags=["runs"], summary=_("List the runs of an incident"), parameters=[INCIDENT_ID])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["runs"], summary=_("Analyse an incident again"), parameters=[INCIDENT_ID], request=StartRequest,
        responses={202: RunSerializer},
    )  # fmt: skip
    def post(self, request: Request, incident_id: int) -> Response:
        wanted = StartRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        incident = queries.incident_for(request.user, incident_id)
        try:
            run = services.start_analysis(
                incident=incident, actor=user_of(request), language=wanted.validated_data.get("language", "")
            )
        except services.AnalysisAlreadyRunning:
            raise AlreadyRunning from None
        data = RunSerializer(run, context={"request": request}).data
        return Response(data, status=status.HTTP_202_ACCEPTED, headers={"Location": data["run_url"]})


class RunView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(tags=["runs"], summary=_("Get a run with its events and result"), responses=RunDetailSerializer)
    def get(self, request: Request, run_id: int) -> Response:
        run = queries.run_for(request.user, run_id)
        return Response(RunDetailSerializer(run, context={"request": request}).data)


class RunCancelView(APIView):
    permissions_by_method = {"POST": "incidents.change_incident"}

    @extend_schema(
        tags=["runs"],
        summary=_("Cancel a run"),
        description=_("Ends the run at once. One that has ended already stays as it is."),
        request=None,
        responses=RunSerializer,
    )
    def post(self, request: Request, run_id: int) -> Response:
        run = queries.run_for(request.user, run_id)
        services.cancel_run(run=run, actor=user_of(request))
        run.refresh_from_db()
        return Response(RunSerializer(run, context={"request": request}).data)


# --- Streams ---------------------------------------------------------------------------------------------------


class EventStreamRenderer(BaseRenderer):
    """Lets callers ask for `text/event-stream`. Renders errors only; the stream itself is no rendered response."""

    media_type = "text/event-stream"
    format = "events"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return json.dumps(data, ensure_ascii=False, default=str).encode()


def stream(request: Request, run: AnalysisRun) -> StreamingHttpResponse:
    run_id = run.pk
    connection.close()  # a stream must not hold the connection that looked its run up
    return sse.event_stream(follow(run_id, after=sse.last_event_id(request._request), style=JSON))


class RunEventsView(APIView):
    renderer_classes = [EventStreamRenderer, JSONRenderer]
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["runs"],
        summary=_("Follow a run (server-sent events)"),
        description=FOLLOWING,
        parameters=[AFTER],
        responses=EVENTS,
    )
    def get(self, request: Request, run_id: int) -> StreamingHttpResponse:
        return stream(request, queries.run_for(request.user, run_id))


class IncidentEventsView(APIView):
    renderer_classes = [EventStreamRenderer, JSONRenderer]
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["analyze"], operation_id="analyze_events", summary=_("Follow the newest run (server-sent events)"),
        description=FOLLOWING,
        parameters=[INCIDENT_ID, AFTER], responses=EVENTS,
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> StreamingHttpResponse:
        run = queries.incident_for(request.user, incident_id).latest_run
        if run is None:
            raise NotFound(_("This incident has not been analysed."))
        return stream(request, run)
