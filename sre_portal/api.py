"""What both halves of the API share: one error shape, one permission, one pagination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 200


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is too large: a request may have 40 MB, and one text 10 MB.")


class BoundedJSONParser(JSONParser):
    """JSON that is nested deeper than Python reads is refused instead of breaking the request."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError(_("The JSON is nested too deeply.")) from None


class RolePermission(BasePermission):
    """Ask for the Django permission that the view names for the method; a view that names none is refused."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        wanted: dict[str, str] = getattr(view, "permissions_by_method", {})
        permission = wanted.get(request.method or "", wanted.get("*", ""))
        return bool(permission) and request.user.has_perm(permission)


def one_error_shape(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every error as {"error": {"code", "message", "fields"}}. None lets Django handle the unexpected."""
    from rest_framework.views import exception_handler  # late: the settings name this module before views load

    if isinstance(exc, RequestDataTooBig):
        exc = BodyTooLarge()
    response = exception_handler(exc, context)
    if response is None:
        return None
    code, message, fields = "error", "", {}
    if isinstance(exc, Http404):
        code, message = "not_found", "There is nothing at this address."
    elif isinstance(exc, exceptions.ValidationError):
        code, message, fields = "invalid", "Some fields can't be used; see `fields`.", _by_field(exc.detail)
    elif isinstance(exc, exceptions.APIException):
        code, message = str(exc.default_code), str(exc.detail)
    response.data = {"error": {"code": code, "message": message, "fields": fields}}
    return response


def _by_field(detail: Any) -> dict[str, Any]:
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}
