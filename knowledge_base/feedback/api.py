"""Feedback on documents for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge_base import queries
from knowledge_base.feedback import services
from knowledge_base.feedback.models import Feedback
from knowledge_base.feedback.reading import feedback_on
from knowledge_base.models import KnowledgeDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import User

READ = "knowledge_base.view_knowledgedocument"


class FeedbackRequest(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=Feedback.Verdict.choices)
    why = serializers.CharField(required=False, allow_blank=True, max_length=500, help_text=_("needed for `wrong`"))
    occasion = serializers.RegexField(
        r"^(INC-[0-9]{6,18})?$", required=False, allow_blank=True, help_text=_("number of the incident, if any")
    )


class SaidSerializer(serializers.ModelSerializer[Feedback]):
    user: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Feedback
        fields = ["user", "verdict", "why", "occasion", "revision", "given_at"]


class DocumentFeedbackSerializer(serializers.Serializer[Any]):
    """The sum of what people say. `shift` is what ranking adds to the score now."""

    helped = serializers.IntegerField()
    wrong = serializers.IntegerField()
    shift = serializers.FloatField()
    is_off = serializers.BooleanField()
    own = SaidSerializer(allow_null=True)
    said = SaidSerializer(many=True, help_text=_("with reasons; for curators"))


class DocumentFeedbackView(APIView):
    permissions_by_method = {"GET": READ, "PUT": READ, "DELETE": READ}

    @extend_schema(tags=["knowledge"], summary=_("Feedback on a document"), responses=DocumentFeedbackSerializer)
    def get(self, request: Request, document_id: str) -> Response:
        return self._answer(request, self._document(request, document_id))

    @extend_schema(
        tags=["knowledge"], summary=_("Say that a document helped or is wrong"), request=FeedbackRequest,
        responses=DocumentFeedbackSerializer,
    )  # fmt: skip
    def put(self, request: Request, document_id: str) -> Response:
        document = self._document(request, document_id)
        wanted = FeedbackRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            services.give_feedback(document=document, user=cast("User", request.user), **wanted.validated_data)
        except services.NoReasonGiven:
            raise ValidationError({"why": [_("Say in a few words what is wrong.")]}) from None
        return self._answer(request, document)

    @extend_schema(tags=["knowledge"], summary=_("Take back what you said about a document"), responses={204: None})
    def delete(self, request: Request, document_id: str) -> Response:
        occasion = request.query_params.get("occasion", "")[:40]
        document = self._document(request, document_id)
        services.withdraw_feedback(document=document, user=cast("User", request.user), occasion=occasion)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _document(self, request: Request, document_id: str) -> KnowledgeDocument:
        return get_object_or_404(queries.documents_for(request.user), pk=document_id)

    def _answer(self, request: Request, document: KnowledgeDocument) -> Response:
        return Response(DocumentFeedbackSerializer(feedback_on(document, user=request.user)).data)
