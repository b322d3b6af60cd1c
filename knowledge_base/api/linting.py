"""The linter over the API: of a document that is sent, and of one that is there."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge_base import queries, services
from knowledge_base.api.serializers import DocumentWriteSerializer, LintReportSerializer
from knowledge_base.linting.presenting import as_json


class LintView(APIView):
    permissions_by_method = {"POST": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_lint_draft", summary="Lint a document without saving it",
        request=DocumentWriteSerializer, responses=LintReportSerializer,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """What is wrong or weak, where, and what to do about it. Errors block publishing. Nothing is stored."""
        if not isinstance(request.data, dict):
            raise ValidationError({"non_field_errors": ["The body must be an object."]})
        try:
            notes = services.lint_fields(fields=dict(request.data.items()))
        except services.InvalidDocument as exc:
            raise ValidationError(exc.errors) from None
        return _answer(str(request.data.get("id") or ""), notes)


class DocumentLintView(APIView):
    permissions_by_method = {"GET": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_lint", summary="Lint a document", responses=LintReportSerializer
    )
    def get(self, request: Request, document_id: str) -> Response:
        document = get_object_or_404(queries.documents_for(request.user), pk=document_id)
        return _answer(document.pk, services.lint_document(document))


def _answer(document_id: str, notes: Any) -> Response:
    return Response(as_json(document_id, notes))
