"""The end of an incident for programs: close, reopen, follow-ups, post-mortem, files, feedback."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents import queries
from incidents.api.analyze import INCIDENT_ID
from incidents.api.serializers import PersonField
from incidents.closing import post_mortems, services
from incidents.closing.documents.building import post_mortem_document, report_document
from incidents.closing.documents.writing import CONTENT_TYPES
from incidents.closing.models import Closing, FollowUp, IncidentCase, PostMortem, ReportFeedback
from incidents.closing.services import KEPT, Answers, Task
from incidents.closing.views import file_of
from incidents.language import current_language
from incidents.models import AnalysisRun, Category, Incident, Language
from incidents.requests import user_of
from knowledge_base.feedback.services import NoReasonGiven

LANGUAGE = OpenApiParameter("language", OpenApiTypes.STR, enum=Language.values)
FILES = {(200, kind.partition(";")[0]): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()}


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = _("Somebody else saved since you read it; read it again.")


class TaskSerializer(serializers.ModelSerializer[FollowUp]):
    owner = PersonField(queryset=User.objects.filter(is_active=True), allow_null=True, required=False)
    done_by = PersonField(read_only=True)

    class Meta:
        model = FollowUp
        fields = ["id", "text", "owner", "due", "done_at", "done_by", "created_at"]
        read_only_fields = ["done_at", "created_at"]

    def task(self) -> Task:
        data = self.validated_data
        return Task(data["text"], data.get("owner"), data.get("due"))


class ClosingRequest(serializers.Serializer[Any]):
    """What is said at the end. Everything may be left out."""

    resolution = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    verified = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    prevention = serializers.CharField(required=False, allow_blank=True, max_length=5_000)
    diagnosis_right = serializers.ChoiceField(required=False, allow_blank=True, choices=Incident.DiagnosisRight.choices)
    actual_category = serializers.ChoiceField(required=False, allow_blank=True, choices=Category.choices)
    actual_cause = serializers.CharField(
        required=False, allow_blank=True, max_length=80, help_text=_("id of a hypothesis of the catalogue")
    )
    actual_words = serializers.CharField(required=False, allow_blank=True, max_length=500)
    follow_ups = TaskSerializer(many=True, required=False)

    def answers(self) -> Answers:
        data = self.validated_data
        tasks = [Task(item["text"], item.get("owner"), item.get("due")) for item in data.get("follow_ups", ())]
        return Answers(**{name: data.get(name, "") for name in KEPT}, tasks=tasks)


class ClosingSerializer(serializers.ModelSerializer[Closing]):
    incident_id = serializers.CharField(source="incident.public_id", read_only=True)
    closed_by = PersonField(read_only=True)
    case = serializers.SerializerMethodField()

    class Meta:
        model = Closing
        fields = [
            "incident_id", *KEPT, "said_category", "said_cause", "said_confidence", "shown_confidence", "analyst",
            "closed_by", "closed_at", "case",
        ]  # fmt: skip

    def get_case(self, closing: Closing) -> str | None:
        """Identifier of the case that was drafted; null when there is none."""
        return (
            IncidentCase.objects.filter(incident_id=closing.incident_id).values_list("document_id", flat=True).first()
        )


class ReopenRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class TickRequest(serializers.Serializer[Any]):
    done = serializers.BooleanField()


class PostMortemSerializer(serializers.ModelSerializer[PostMortem]):
    incident_id = serializers.CharField(source="incident.public_id", read_only=True)
    updated_by = PersonField(read_only=True)

    class Meta:
        model = PostMortem
        fields = ["incident_id", "language", "body", "version", "updated_by", "updated_at"]


class PostMortemRequest(serializers.Serializer[Any]):
    body = serializers.CharField(max_length=post_mortems.LONGEST, trim_whitespace=False)
    version = serializers.IntegerField(min_value=1, help_text=_("the version that was read"))
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class JudgementRequest(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=ReportFeedback.Verdict.choices)
    why = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text=_("needed for `wrong`"))


class ReportFeedbackSerializer(serializers.ModelSerializer[ReportFeedback]):
    user = PersonField(read_only=True)

    class Meta:
        model = ReportFeedback
        fields = ["user", "verdict", "why", "given_at"]


# --- Views ---------------------------------------------------------------------------------------------------------


class ClosingView(APIView):
    permissions_by_method = {
        "GET": "incidents.view_incident", "PUT": "incidents.change_incident", "DELETE": "incidents.change_incident",
    }  # fmt: skip

    @extend_schema(
        tags=["incidents"], summary=_("How an incident was closed"), parameters=[INCIDENT_ID],
        responses=ClosingSerializer,
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> Response:
        standing = services.standing_closing(queries.incident_for(request.user, incident_id))
        if standing is None:
            raise NotFound(_("This incident is not closed."))
        return Response(ClosingSerializer(standing).data)

    @extend_schema(
        tags=["incidents"], summary=_("Close an incident, or complete how it was closed"),
        description=_("Counts for calibration and drafts a case, masked, for a curator to review."),
        parameters=[INCIDENT_ID], request=ClosingRequest, responses=ClosingSerializer,
    )  # fmt: skip
    def put(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = ClosingRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            closing = services.close_incident(incident=incident, answers=wanted.answers(), actor=user_of(request))
        except services.NothingWrongToName:
            raise ValidationError(
                {"actual_cause": [_("Name a cause of the catalogue, and only for a diagnosis that was not right.")]}
            ) from None
        return Response(ClosingSerializer(closing).data)

    @extend_schema(
        tags=["incidents"], summary=_("Reopen an incident"), parameters=[INCIDENT_ID], request=ReopenRequest,
        responses={204: None},
    )  # fmt: skip
    def delete(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = ReopenRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            services.reopen_incident(
                incident=incident, reason=wanted.validated_data.get("reason", ""), actor=user_of(request)
            )
        except services.NotResolved:
            raise NotFound(_("This incident is not closed.")) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class FollowUpsView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident", "POST": "incidents.change_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("List follow-up tasks"), parameters=[INCIDENT_ID],
        responses=TaskSerializer(many=True),
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        return Response(TaskSerializer(incident.follow_ups.select_related("owner", "done_by"), many=True).data)

    @extend_schema(
        tags=["incidents"], summary=_("Add a follow-up task"), parameters=[INCIDENT_ID], request=TaskSerializer,
        responses={201: TaskSerializer(many=True)},
    )  # fmt: skip
    def post(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = TaskSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        added = services.add_follow_ups(incident=incident, tasks=[wanted.task()], actor=user_of(request))
        return Response(TaskSerializer(added, many=True).data, status=status.HTTP_201_CREATED)


class FollowUpView(APIView):
    permissions_by_method = {"PATCH": "incidents.change_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("Tick a follow-up task"), parameters=[INCIDENT_ID], request=TickRequest,
        responses=TaskSerializer,
    )  # fmt: skip
    def patch(self, request: Request, incident_id: int, follow_up_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = TickRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        task = get_object_or_404(incident.follow_ups, pk=follow_up_id)
        done = wanted.validated_data["done"]
        return Response(TaskSerializer(services.tick_follow_up(follow_up=task, done=done, actor=user_of(request))).data)


class PostMortemView(APIView):
    permissions_by_method = {
        "GET": "incidents.view_incident", "POST": "incidents.change_incident", "PUT": "incidents.change_incident",
    }  # fmt: skip

    @extend_schema(
        tags=["incidents"], summary=_("Get the post-mortem"), parameters=[INCIDENT_ID], responses=PostMortemSerializer
    )
    def get(self, request: Request, incident_id: int, language: str) -> Response:
        return Response(PostMortemSerializer(_post_mortem(request, incident_id, language)).data)

    @extend_schema(
        tags=["incidents"], summary=_("Begin the post-mortem, filled in from the incident"), parameters=[INCIDENT_ID],
        request=None, responses={201: PostMortemSerializer},
    )  # fmt: skip
    def post(self, request: Request, incident_id: int, language: str) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        if language not in Language.values:
            raise NotFound(_("Languages are ko and en."))
        begun = post_mortems.start_post_mortem(incident=incident, language=language, actor=user_of(request))
        return Response(PostMortemSerializer(begun).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        tags=["incidents"], summary=_("Save the post-mortem"),
        description=_("409 when somebody saved since `version` was read; nothing is overwritten."),
        parameters=[INCIDENT_ID], request=PostMortemRequest, responses=PostMortemSerializer,
    )  # fmt: skip
    def put(self, request: Request, incident_id: int, language: str) -> Response:
        found = _post_mortem(request, incident_id, language)
        wanted = PostMortemRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        data = wanted.validated_data
        try:
            saved = post_mortems.save_post_mortem(
                post_mortem=found, body=data["body"], seen=data["version"], note=data.get("note", ""),
                actor=user_of(request),
            )  # fmt: skip
        except post_mortems.EditConflict:
            raise Conflict from None
        return Response(PostMortemSerializer(saved).data)


def _post_mortem(request: Request, incident_id: int, language: str) -> PostMortem:
    found = post_mortems.post_mortem_of(queries.incident_for(request.user, incident_id), language)
    if found is None:
        raise NotFound(_("There is no post-mortem in this language yet."))
    return found


class ReportFileView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("The report as Markdown, HTML or PDF"), parameters=[INCIDENT_ID, LANGUAGE],
        responses=FILES,
    )  # fmt: skip
    def get(self, request: Request, incident_id: int, ending: str) -> HttpResponse:
        incident = queries.incident_for(request.user, incident_id)
        language = request.query_params.get("language", "")
        language = language if language in Language.values else current_language()
        return file_of(report_document(incident, language=language), ending)


class PostMortemFileView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("The post-mortem as Markdown, HTML or PDF"), parameters=[INCIDENT_ID],
        responses=FILES,
    )  # fmt: skip
    def get(self, request: Request, incident_id: int, language: str, ending: str) -> HttpResponse:
        return file_of(post_mortem_document(_post_mortem(request, incident_id, language)), ending)


class ReportFeedbackView(APIView):
    permissions_by_method = {
        "GET": "incidents.view_incident", "PUT": "incidents.view_incident", "DELETE": "incidents.view_incident",
    }  # fmt: skip

    @extend_schema(
        tags=["runs"], summary=_("What people say about a report"), responses=ReportFeedbackSerializer(many=True)
    )
    def get(self, request: Request, run_id: int) -> Response:
        given = _run(request, run_id).feedback.filter(withdrawn_at__isnull=True).select_related("user")
        return Response(ReportFeedbackSerializer(given[:200], many=True).data)

    @extend_schema(
        tags=["runs"], summary=_("Say that a report helped or is wrong"), request=JudgementRequest,
        responses=ReportFeedbackSerializer,
    )  # fmt: skip
    def put(self, request: Request, run_id: int) -> Response:
        wanted = JudgementRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        run = _run(request, run_id)
        try:
            given = services.judge_report(run=run, user=user_of(request), **wanted.validated_data)
        except NoReasonGiven:
            raise ValidationError({"why": [_("Say in a few words what is wrong.")]}) from None
        return Response(ReportFeedbackSerializer(given).data)

    @extend_schema(tags=["runs"], summary=_("Take back what you said about a report"), responses={204: None})
    def delete(self, request: Request, run_id: int) -> Response:
        services.withdraw_judgement(run=_run(request, run_id), user=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _run(request: Request, run_id: int) -> AnalysisRun:
    run = queries.run_for(request.user, run_id)
    if run.result is None:
        raise NotFound(_("This run has no report."))
    return run
