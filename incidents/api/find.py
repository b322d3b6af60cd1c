"""One search over incidents, knowledge and rules, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.finding import search
from incidents.requests import user_of
from incidents.texts import storable_text

LONGEST = 2_000


class FoundPiece(serializers.Serializer[Any]):
    text = serializers.CharField()
    is_marked = serializers.BooleanField()


class FoundIncident(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.CharField()
    status = serializers.CharField()
    url = serializers.CharField()
    snippet = FoundPiece(many=True)


class FoundDocument(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    excerpt = serializers.CharField()
    score = serializers.FloatField()
    url = serializers.CharField()


class FoundRule(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()


class FoundSerializer(serializers.Serializer[Any]):
    exact = serializers.CharField(allow_null=True, help_text=_("where an id leads, if the query is one"))
    incident_count = serializers.IntegerField()
    incidents = FoundIncident(many=True)
    documents = FoundDocument(many=True)
    rules = FoundRule(many=True)


class FindView(APIView):
    permissions_by_method = {"GET": "incidents.view_incident"}

    @extend_schema(
        tags=["incidents"], summary=_("Search incidents, knowledge and rules"), responses=FoundSerializer,
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, required=True, description=_("words or an id"))],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        query = storable_text(request.query_params.get("q", "")).strip()[:LONGEST]
        if not query:
            raise ValidationError({"q": [_("Say what to search for.")]})
        user = user_of(request)
        found = search.find(user, query)
        return Response({
            "exact": search.exact_address(user, query),
            "incident_count": found.incident_count,
            "incidents": [_incident(hit) for hit in found.incidents],
            "documents": [_document(passage) for passage in (found.knowledge.passages if found.knowledge else ())],
            "rules": [
                {"id": spec.id, "title": search.rule_title(spec), "url": reverse("rule-detail", args=[spec.id])}
                for spec in found.rules
            ],
        })  # fmt: skip


def _incident(hit: search.IncidentHit) -> dict[str, Any]:
    incident = hit.incident
    return {
        "id": incident.public_id, "title": incident.title, "severity": incident.severity, "status": incident.status,
        "url": incident.get_absolute_url(), "snippet": [asdict(piece) for piece in hit.snippet.pieces],
    }  # fmt: skip


def _document(passage: Any) -> dict[str, Any]:
    return {
        "id": passage.document_id, "title": passage.title, "excerpt": passage.excerpt, "score": passage.score,
        "url": reverse("knowledge-detail", args=[passage.document_id]),
    }  # fmt: skip
