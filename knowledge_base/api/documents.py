"""Documents over the API: list, create, read, replace, change, delete."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge_base import queries, services
from knowledge_base.api.serializers import DocumentSerializer, DocumentWriteSerializer, RevisionSerializer
from knowledge_base.lifecycle.models import DocumentRevision
from knowledge_base.lifecycle.states import situation_of
from knowledge_base.models import KnowledgeDocument
from sre_portal.api import Pages

FILTERS = ("category", "kind", "language", "severity", "status", "topic", "origin")
LIST_PARAMETERS = [
    *(
        OpenApiParameter(name, OpenApiTypes.STR, description="one value or several, parted by commas")
        for name in FILTERS
    ),
    OpenApiParameter("tag", OpenApiTypes.STR),
    OpenApiParameter("q", OpenApiTypes.STR, description="part of the title or the identifier"),
    OpenApiParameter("due", OpenApiTypes.BOOL, description="only documents whose review date has come"),
]
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="the revision you read; another one answers 412"
)


class DocumentIsThere(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "document_exists"
    default_detail = _("There is a document with this identifier already.")


class RevisionPassed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "revision_passed"
    default_detail = _("Somebody else has saved this document since you read it.")


class StepNotTaken(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "step_refused"
    default_detail = _("The document can't go there from where it is.")


class DocumentListView(APIView):
    permissions_by_method = {
        "GET": "knowledge_base.view_knowledgedocument",
        "POST": "knowledge_base.add_knowledgedocument",
    }

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_list", summary="List documents",
        parameters=LIST_PARAMETERS, responses=DocumentSerializer(many=True),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Published documents; those who may edit see drafts and archived ones too."""
        documents = filtered(queries.documents_for(request.user).select_related("working_draft__revision"), request)
        pages = Pages()
        page: Any = pages.paginate_queryset(documents, request, view=self)
        return pages.get_paginated_response(DocumentSerializer(page, many=True, context={"request": request}).data)

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_create", summary="Add a document",
        request=DocumentWriteSerializer, responses={201: DocumentSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Without a status the document is published, or waits for a review where the author may not publish alone."""
        try:
            document = services.create_document(**_said(_body(request)), by=request.user)
        except services.InvalidDocument as exc:
            raise ValidationError(exc.errors) from None
        except services.DocumentExists as exc:
            raise DocumentIsThere(str(exc)) from None
        except services.StepRefused as exc:
            raise _refused(exc) from None
        return _answer(document, request, status.HTTP_201_CREATED)


class DocumentView(APIView):
    permissions_by_method = {
        "GET": "knowledge_base.view_knowledgedocument",
        "PUT": "knowledge_base.change_knowledgedocument",
        "PATCH": "knowledge_base.change_knowledgedocument",
        "DELETE": "knowledge_base.delete_knowledgedocument",
    }

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_get", summary="Get a document", responses=DocumentSerializer
    )
    def get(self, request: Request, document_id: str) -> Response:
        return _answer(self._document(request, document_id), request)

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_replace", summary="Replace a document",
        parameters=[IF_MATCH], request=DocumentWriteSerializer, responses=DocumentSerializer,
    )  # fmt: skip
    def put(self, request: Request, document_id: str) -> Response:
        """What the body leaves out is emptied; status, owner and review date stay unless they are named.

        A published document whose new text needs another person's review answers 202: readers keep the present text.
        """
        document = self._document(request, document_id)
        try:
            said = _said(_body(request))
            complete = services.complete_fields({**said.pop("fields"), "id": document.pk})
        except services.InvalidDocument as exc:
            raise ValidationError(exc.errors) from None
        return self._update(request, document, {**complete, **said})

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_change", summary="Change some fields of a document",
        parameters=[IF_MATCH], request=DocumentWriteSerializer, responses=DocumentSerializer,
    )  # fmt: skip
    def patch(self, request: Request, document_id: str) -> Response:
        return self._update(request, self._document(request, document_id), _body(request))

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_delete", summary="Delete a document", responses={204: None}
    )
    def delete(self, request: Request, document_id: str) -> Response:
        services.delete_document(document=self._document(request, document_id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _document(self, request: Request, document_id: str) -> KnowledgeDocument:
        return get_object_or_404(queries.documents_for(request.user), pk=document_id)

    def _update(self, request: Request, document: KnowledgeDocument, fields: dict[str, Any]) -> Response:
        try:
            updated = services.update_document(
                document=document, **_said(fields), expected_revision=_expected(request), by=request.user
            )
        except services.InvalidDocument as exc:
            raise ValidationError(exc.errors) from None
        except services.DocumentChanged:
            raise RevisionPassed from None
        except services.StepRefused as exc:
            raise _refused(exc) from None
        waits = updated.is_published and updated.revision < _latest(updated)
        return _answer(updated, request, status.HTTP_202_ACCEPTED if waits else status.HTTP_200_OK)


class RevisionsView(APIView):
    permissions_by_method = {"GET": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_revisions", summary="List the revisions of a document",
        responses=RevisionSerializer(many=True),
    )  # fmt: skip
    def get(self, request: Request, document_id: str) -> Response:
        """Newest first, each with its whole text. Those who may not edit see the published ones."""
        document = get_object_or_404(queries.documents_for(request.user), pk=document_id)
        rows = DocumentRevision.objects.filter(document=document).select_related("author").order_by("-number")
        if not request.user.has_perm("knowledge_base.change_knowledgedocument"):
            rows = rows.exclude(published_at=None)
        pages = Pages()
        page: Any = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(RevisionSerializer(page, many=True).data)


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """The fields apart from what is said about the change: why, and why in spite of broken contracts."""
    fields = dict(body)
    return {
        "reason": str(fields.pop("reason", "") or "")[:500],
        "override": str(fields.pop("override", "") or "")[:1_000],
        "fields": fields,
    }


def _latest(document: KnowledgeDocument) -> int:
    return situation_of(document).latest


def _refused(exc: services.StepRefused) -> APIException:
    """409 with the code of the refusal."""
    error = StepNotTaken(str(exc))
    error.default_code = exc.code
    return error


def _answer(document: KnowledgeDocument, request: Request, code: int = status.HTTP_200_OK) -> Response:
    headers = {"ETag": f'"{document.revision}"'}
    if code == status.HTTP_201_CREATED:
        headers["Location"] = request.build_absolute_uri(f"/api/v1/knowledge/{document.pk}")
    return Response(DocumentSerializer(document, context={"request": request}).data, status=code, headers=headers)


def _expected(request: Request) -> int | None:
    """The revision that the caller has read, from If-Match."""
    value = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not value or value == "*":
        return None
    if not value.isdecimal():
        raise ValidationError({"If-Match": [_("This must be a revision number.")]})
    return int(value)


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise ValidationError({"non_field_errors": [_("The body must be an object.")]})
    return dict(request.data.items())


def filtered(documents: Any, request: Request) -> Any:
    for name in FILTERS:
        wanted = [part.strip() for part in request.query_params.get(name, "").split(",") if part.strip()]
        if wanted:
            documents = documents.filter(**{f"{name}__in": wanted})
    text = request.query_params.get("q", "").strip()
    if text:
        documents = documents.filter(Q(title__icontains=text) | Q(pk__icontains=text))
    tag = request.query_params.get("tag", "").strip()
    if tag:
        documents = queries.with_tag(documents, tag)
    if request.query_params.get("due", "").lower() in ("1", "true", "yes"):
        documents = queries.due_for_review(documents)
    return documents
