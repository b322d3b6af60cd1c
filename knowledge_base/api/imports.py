"""Bulk import over the API."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from knowledge_base import services
from knowledge_base.api.serializers import ImportReportSerializer, ImportRequestSerializer
from knowledge_base.importing.reading import rows_of_upload
from knowledge_base.importing.rows import markdown_rows
from knowledge_base.importing.sources import UnreadableSource
from knowledge_base.importing.verdicts import Row, Sourced, Unreadable
from sre_portal.api import BoundedJSONParser

TRUE = (True, "true", "True", "1", 1, "yes", "on")
MOST_ROWS = 5_000


class BulkImportView(APIView):
    permissions_by_method = {"POST": "knowledge_base.change_knowledgedocument"}
    parser_classes = [BoundedJSONParser, MultiPartParser]

    @extend_schema(
        tags=["knowledge"], operation_id="knowledge_bulk_import", summary="Create and update many documents",
        request={"application/json": ImportRequestSerializer, "multipart/form-data": {
            "type": "object",
            "properties": {
                "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "all_or_nothing": {"type": "boolean"}, "dry_run": {"type": "boolean"},
            },
        }},
        responses={200: ImportReportSerializer, 422: ImportReportSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Every row gets a verdict: created, updated, unchanged or refused, with the reasons.

        The body is a list of documents, or an object with `documents` or `markdown`; or `files` as a form: Markdown,
        JSON, JSON lines, CSV, PDF, DOCX or a ZIP of them.
        The same import twice changes nothing. With `all_or_nothing` one refused row leaves everything as it was (422).
        """
        report = services.bulk_import(
            rows=_rows(request),
            all_or_nothing=_flag(request, "all_or_nothing"),
            dry_run=_flag(request, "dry_run"),
            by=request.user,
        )
        held_back = not report.applied and not _flag(request, "dry_run")
        code = status.HTTP_422_UNPROCESSABLE_ENTITY if held_back else status.HTTP_200_OK
        return Response(ImportReportSerializer(report).data, status=code)


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name)
    if value is None and isinstance(request.data, dict):
        value = request.data.get(name)
    return value in TRUE


def _rows(request: Request) -> Iterable[Row | Sourced]:
    data: Any = request.data
    files = request.FILES.getlist("files") + request.FILES.getlist("file")
    if files:
        return _bounded([row for file in files for row in _file_rows(file)])
    if isinstance(data, dict):
        rows = data.get("documents", data.get("rows"))
        texts = data.get("markdown")
        if rows is None and isinstance(texts, list) and texts:
            return _bounded(list(markdown_rows(map(str, texts))))
        data = rows
    if not isinstance(data, list) or not data:
        raise ValidationError({"documents": [_("Send a list of documents, or Markdown files.")]})
    return _bounded([row if isinstance(row, dict) else Unreadable(_("This is no object.")) for row in data])


def _bounded(rows: list[Row | Sourced]) -> list[Row | Sourced]:
    if len(rows) > MOST_ROWS:
        raise ValidationError({"documents": [_("Send at most %(count)d documents at once.") % {"count": MOST_ROWS}]})
    return rows


def _file_rows(file: Any) -> Iterable[Row | Sourced]:
    if not file.name.lower().endswith((".md", ".markdown")):
        try:
            return list(islice(rows_of_upload(file.name, file.read()), MOST_ROWS + 1))
        except UnreadableSource as exc:
            return [Unreadable(str(exc))]
    try:
        return markdown_rows([file.read().decode("utf-8")])
    except UnicodeDecodeError:
        return [Unreadable(_("%(name)s is not UTF-8 text.") % {"name": file.name})]
