"""`analyze`: hand in an incident, get its report."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents import queries, services
from incidents.api.serializers import AnalyzeRequest, ErrorSerializer, ResultSerializer, RunSerializer
from incidents.models import AnalysisRun
from incidents.requests import user_of

LONGEST_WAIT = 30.0  # seconds; below the patience of most proxies

INCIDENT_ID = OpenApiParameter("incident_id", OpenApiTypes.STR, OpenApiParameter.PATH, description=_("INC-000001"))
WAIT = OpenApiParameter(
    "wait", OpenApiTypes.NUMBER, description=_("seconds to wait for the report, 30 at most; 0 answers at once with 202")
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description=_("a repeated request with the same key gets the first one's run"),
)  # fmt: skip


class AnalysisFailed(APIException):
    status_code = status.HTTP_500_INTERNAL_SERVER_ERROR
    default_code = "analysis_failed"
    default_detail = _("The analysis failed.")


class AnalysisCancelled(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "analysis_cancelled"
    default_detail = _("The analysis was cancelled.")


class KeyReused(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_key_reused"
    default_detail = _("This Idempotency-Key came with another request before.")


class AnalyzeView(APIView):
    permissions_by_method = {"POST": "incidents.add_incident"}

    @extend_schema(
        tags=["analyze"], operation_id="analyze", summary=_("Analyse an incident"),
        description=_("When it takes longer than `wait` seconds the answer is 202 with the addresses of the run."),
        request=AnalyzeRequest,
        parameters=[WAIT, IDEMPOTENCY_KEY],
        responses={200: ResultSerializer, 202: RunSerializer, 400: ErrorSerializer, 413: ErrorSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        wanted = AnalyzeRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        run = _begin(request, wanted)
        return answer_of(services.wait_for(run, seconds=_patience(request)), request)


class ResultView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["analyze"], operation_id="analyze_result", summary=_("Get the report of an incident"),
        description=_("The newest report; 202 with the addresses of the run while one is under way."),
        parameters=[INCIDENT_ID, WAIT],
        responses={200: ResultSerializer, 202: RunSerializer, 404: ErrorSerializer, 409: ErrorSerializer},
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> Response:
        run = queries.incident_for(request.user, incident_id).latest_run
        if run is None:
            raise NotFound(_("This incident has not been analysed."))
        seconds = _patience(request) if "wait" in request.query_params else 0.0
        return answer_of(services.wait_for(run, seconds=seconds), request)


def answer_of(run: AnalysisRun, request: Request) -> Response:
    """The report of a run that has ended, the addresses of one that has not. Raise for one that failed."""
    if run.status == AnalysisRun.Status.SUCCEEDED:
        return Response(run.result)
    if run.status == AnalysisRun.Status.FAILED:
        raise AnalysisFailed(run.error or None)
    if run.status == AnalysisRun.Status.CANCELLED:
        raise AnalysisCancelled
    addresses: dict[str, Any] = RunSerializer(run, context={"request": request}).data
    headers = {"Location": addresses["run_url"], "Retry-After": "1"}
    return Response(addresses, status=status.HTTP_202_ACCEPTED, headers=headers)


def _begin(request: Request, wanted: AnalyzeRequest) -> AnalysisRun:
    try:
        return services.analyse_once(
            intake=wanted.intake(), reporter=user_of(request), language=wanted.report_language(),
            title=wanted.validated_data.get("title", ""),
            key=request.headers.get("Idempotency-Key", "")[:200],
            request_hash=_fingerprint(request.data),
        )  # fmt: skip
    except services.NothingToAnalyse:
        raise ValidationError({"non_field_errors": [_("There is nothing to analyse.")]}) from None
    except services.KeyReused:
        raise KeyReused from None


def _fingerprint(data: Any) -> str:
    """The same for the same content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def _patience(request: Request) -> float:
    """Seconds that the caller wants to wait, 30 by default."""
    value = request.query_params.get("wait", "")
    try:
        return min(max(float(value), 0.0), LONGEST_WAIT) if value else LONGEST_WAIT
    except ValueError:
        raise ValidationError({"wait": [_("This must be a number of seconds.")]}) from None
