"""Bodies of requests: JSON up to the limit that forms have too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is too large; a request may have 40 MB and one text 10 MB.")


class LimitedJSONParser(JSONParser):
    """JSON of bounded size and depth. REST framework reads the stream past Django's own limit."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        try:
            parsed = super().parse(BytesIO(body), media_type, parser_context)
        except (RecursionError, UnicodeDecodeError) as exc:
            raise ParseError(_("The body is not JSON that can be read.")) from exc
        if not isinstance(parsed, dict):
            raise ParseError(_("The body must be a JSON object."))
        return parsed


def canonical(data: Mapping[str, Any]) -> str:
    """The same text for the same content, whatever the order of its keys."""
    return json.dumps(data, sort_keys=True, ensure_ascii=True, default=str)
