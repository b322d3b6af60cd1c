"""The team for programs: comments, watchers, the assignee and the timeline of an incident."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents import queries, services
from incidents.api.analyze import INCIDENT_ID
from incidents.api.serializers import IncidentSerializer, PersonField
from incidents.collaboration import queries as team_queries
from incidents.collaboration import services as team
from incidents.collaboration import timeline
from incidents.collaboration.models import Comment
from incidents.collaboration.wording import sentence
from incidents.requests import user_of

BEFORE = OpenApiParameter("before", OpenApiTypes.INT, description=_("only what stands before this id"))
SHOW = OpenApiParameter("show", OpenApiTypes.STR, enum=list(timeline.SHOWN))
READ, WRITE = "incidents.view_incident", "incidents.change_incident"


class CommentTooOften(exceptions.APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "too_often"
    default_detail = _("Too many comments in a minute; wait a moment.")


class CommentConflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = _("The comment was changed meanwhile.")


class CommentSerializer(serializers.ModelSerializer[Comment]):
    comment_id = serializers.IntegerField(source="pk", read_only=True)
    author = PersonField(read_only=True)
    text = serializers.SerializerMethodField()
    mentioned = PersonField(read_only=True, many=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Comment
        fields = ["comment_id", "author", "text", "mentioned", "created_at", "edited_at", "deleted_at", "url"]

    def get_text(self, comment: Comment) -> str:
        return "" if comment.is_deleted else comment.text


class CommentRequest(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=team.LONGEST_COMMENT)
    seen = serializers.CharField(
        required=False, trim_whitespace=False,
        help_text=_("the text that you started from; the answer is 409 when it is no longer the text"),
    )  # fmt: skip


class AssigneeRequest(serializers.Serializer[Any]):
    assignee = serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects.filter(is_active=True), allow_null=True
    )

    def validate_assignee(self, person: Any) -> Any:
        if person is not None and not person.has_perm(WRITE):
            raise serializers.ValidationError(_("%(name)s can't be given an incident.") % {"name": person.username})
        return person


class WatchersSerializer(serializers.Serializer[Any]):
    watchers = serializers.ListField(child=serializers.CharField())
    watching = serializers.BooleanField(help_text=_("whether you are one of them"))


class EntrySerializer(serializers.Serializer[Any]):
    """Something that happened to an incident."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(help_text=_("empty for the machine"))
    text = serializers.SerializerMethodField(help_text=_("a sentence in the language of the request"))
    before = serializers.CharField()
    after = serializers.CharField()
    detail = serializers.DictField()
    run_id = serializers.IntegerField(allow_null=True)
    comment_id = serializers.SerializerMethodField()
    comment = serializers.SerializerMethodField()

    def get_text(self, entry: timeline.Entry) -> str:
        return sentence(entry)

    def get_comment_id(self, entry: timeline.Entry) -> int | None:
        return entry.comment.id if entry.comment else None

    def get_comment(self, entry: timeline.Entry) -> str:
        return entry.comment.text if entry.comment else ""


class TimelineSerializer(serializers.Serializer[Any]):
    entries = EntrySerializer(many=True)
    before = serializers.IntegerField(allow_null=True, help_text=_("for the next request; null at the end"))


# --- Comments --------------------------------------------------------------------------------------------------


class CommentsView(APIView):
    permissions_by_method = {"GET": READ, "POST": WRITE}

    @extend_schema(
        tags=["team"], summary=_("List the comments of an incident"), parameters=[INCIDENT_ID, BEFORE],
        responses=CommentSerializer(many=True),
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        found = team_queries.comments_of(incident).order_by("-pk")
        if before := _number(request):
            found = found.filter(pk__lt=before)
        return Response(CommentSerializer(found[:200], many=True).data)

    @extend_schema(
        tags=["team"], summary=_("Comment on an incident"), description=_("Markdown; `@name` calls somebody."),
        parameters=[INCIDENT_ID], request=CommentRequest, responses={201: CommentSerializer},
    )  # fmt: skip
    def post(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = _checked(CommentRequest, request)
        try:
            comment = team.add_comment(incident=incident, author=user_of(request), text=wanted["text"])
        except team.TooManyComments:
            raise CommentTooOften from None
        return Response(CommentSerializer(comment).data, status=status.HTTP_201_CREATED)


class CommentView(APIView):
    permissions_by_method = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(
        tags=["team"], summary=_("Get a comment"), parameters=[INCIDENT_ID], responses=CommentSerializer
    )  # fmt: skip
    def get(self, request: Request, incident_id: int, comment_id: int) -> Response:
        return Response(CommentSerializer(team_queries.comment_for(user_of(request), incident_id, comment_id)).data)

    @extend_schema(
        tags=["team"], summary=_("Edit a comment of your own"), parameters=[INCIDENT_ID], request=CommentRequest,
        responses=CommentSerializer,
    )  # fmt: skip
    def patch(self, request: Request, incident_id: int, comment_id: int) -> Response:
        comment = team_queries.own_comment_for(user_of(request), incident_id, comment_id)
        wanted = _checked(CommentRequest, request)
        try:
            comment = team.edit_comment(
                comment=comment, actor=user_of(request), text=wanted["text"], seen=wanted.get("seen")
            )
        except team.CommentChanged:
            raise CommentConflict from None
        return Response(CommentSerializer(comment).data)

    @extend_schema(
        tags=["team"], summary=_("Delete a comment of your own"), parameters=[INCIDENT_ID], responses={204: None}
    )  # fmt: skip
    def delete(self, request: Request, incident_id: int, comment_id: int) -> Response:
        comment = team_queries.own_comment_for(user_of(request), incident_id, comment_id)
        team.delete_comment(comment=comment, actor=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


# --- Watchers, assignee, timeline ------------------------------------------------------------------------------


class WatchersView(APIView):
    permissions_by_method = {"*": READ}

    @extend_schema(
        tags=["team"], summary=_("Who watches an incident"), parameters=[INCIDENT_ID], responses=WatchersSerializer
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> Response:
        return self._answer(request, incident_id)

    @extend_schema(
        tags=["team"], summary=_("Watch an incident"), parameters=[INCIDENT_ID], request=None,
        responses=WatchersSerializer,
    )  # fmt: skip
    def put(self, request: Request, incident_id: int) -> Response:
        return self._answer(request, incident_id, is_on=True)

    @extend_schema(
        tags=["team"], summary=_("Stop watching an incident"), parameters=[INCIDENT_ID], responses=WatchersSerializer
    )  # fmt: skip
    def delete(self, request: Request, incident_id: int) -> Response:
        return self._answer(request, incident_id, is_on=False)

    def _answer(self, request: Request, incident_id: int, *, is_on: bool | None = None) -> Response:
        incident, user = queries.incident_for(request.user, incident_id), user_of(request)
        if is_on is not None:
            team.watch(incident=incident, user=user, is_on=is_on)
        names = [watch.user.get_username() for watch in team_queries.watchers_of(incident)[: team_queries.MOST_PEOPLE]]
        return Response({"watchers": names, "watching": user.get_username() in names})


class AssigneeView(APIView):
    permissions_by_method = {"PUT": WRITE}

    @extend_schema(
        tags=["team"], summary=_("Give an incident to somebody"), parameters=[INCIDENT_ID], request=AssigneeRequest,
        responses=IncidentSerializer,
    )  # fmt: skip
    def put(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        wanted = _checked(AssigneeRequest, request)
        incident = services.assign(incident=incident, assignee=wanted["assignee"], actor=user_of(request))
        return Response(IncidentSerializer(incident, context={"request": request}).data)


class TimelineView(APIView):
    permissions_by_method = {"GET": READ}

    @extend_schema(
        tags=["team"], summary=_("What happened to an incident, newest first"), parameters=[INCIDENT_ID, SHOW, BEFORE],
        responses=TimelineSerializer,
    )  # fmt: skip
    def get(self, request: Request, incident_id: int) -> Response:
        incident = queries.incident_for(request.user, incident_id)
        show = request.query_params.get("show", "all")
        page = timeline.page_of(incident, show=show, before=_number(request), limit=100)
        return Response(TimelineSerializer(page).data)


def _checked(kind: Any, request: Request) -> dict[str, Any]:
    wanted = kind(data=request.data)
    wanted.is_valid(raise_exception=True)
    data: dict[str, Any] = wanted.validated_data
    return data


def _number(request: Request) -> int | None:
    value = request.query_params.get("before", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
