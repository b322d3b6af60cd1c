"""Packs over the API: documents as a ZIP that another portal imports."""

from __future__ import annotations

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from knowledge_base import queries
from knowledge_base.api.documents import FILTERS, filtered
from knowledge_base.importing.desk import pack_response


class PackView(APIView):
    permissions_by_method = {"GET": "knowledge_base.view_knowledgedocument"}

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_pack", summary="Export documents as a pack",
        parameters=[OpenApiParameter(name, OpenApiTypes.STR) for name in (*FILTERS, "tag", "q")],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )  # fmt: skip
    def get(self, request: Request) -> FileResponse:
        """Markdown with a manifest. The same filters as the list of documents; all that you may read without one."""
        return pack_response(filtered(queries.documents_for(request.user), request).order_by("pk"))
