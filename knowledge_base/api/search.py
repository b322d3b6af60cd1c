"""Questions over the API, and the state of the index."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge_base import retrieval
from knowledge_base.api.serializers import (
    FiltersSerializer,
    IndexHealthSerializer,
    SearchRequestSerializer,
    SearchResultSerializer,
    SimilarRequestSerializer,
)
from knowledge_base.health import index_health

FLAT = tuple(FiltersSerializer().fields)


class SearchView(APIView):
    permissions_by_method = {"POST": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["search"], operation_id="search", summary="Ask the knowledge base",
        request=SearchRequestSerializer, responses=SearchResultSerializer,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """The passages that answer a question in Korean or English, best first.

        None when it is about something else.
        """
        wanted = SearchRequestSerializer(data=_with_filters(request.data))
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        found = retrieval.search(
            values["query"],
            language=values.get("language"),
            filters=FiltersSerializer.filters_of(values.get("filters", {})),
            limit=values.get("limit"),
            threshold=values.get("threshold"),
        )
        return Response(SearchResultSerializer(found, context={"request": request}).data)


def _with_filters(data: Any) -> Any:
    """Accept filters beside the query as well as under `filters`, and `top_k` for `limit`."""
    if not isinstance(data, dict):
        raise ValidationError({"non_field_errors": ["The body must be an object with a query."]})
    body = dict(data.items())
    nested = body.get("filters")
    # `language` beside the query is the preferred one, not a filter.
    flat = {name: body[name] for name in FLAT if name in body and name != "language"}
    if isinstance(nested, dict) or (nested is None and flat):
        body["filters"] = {**flat, **(nested or {})}
    if "limit" not in body and "top_k" in body:
        body["limit"] = body["top_k"]
    return body


class SimilarView(APIView):
    permissions_by_method = {"GET": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["search"], operation_id="search_similar", summary="Find documents and past cases like a text",
        parameters=[SimilarRequestSerializer], responses=SearchResultSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """More generous than `search`: for a description, a log or an error message. `kind=case` gives past cases."""
        wanted = SimilarRequestSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        found = retrieval.similar_documents(
            values["query"],
            language=values.get("prefer"),
            filters=FiltersSerializer.filters_of(values),
            limit=values.get("limit"),
        )
        return Response(SearchResultSerializer(found, context={"request": request}).data)


class IndexHealthView(APIView):
    permissions_by_method = {"GET": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["search"], operation_id="index_health", summary="The state of the index", responses=IndexHealthSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(IndexHealthSerializer(index_health()).data)
