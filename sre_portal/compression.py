"""Pages and JSON go out compressed; streams do not, because a compressor would hold their events back."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "application/json", "text/plain", "application/vnd.oai.openapi")


class PageCompression(GZipMiddleware):
    """Django's own, which pads by chance against guessing secrets by size (BREACH)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = str(response.get("Content-Type", ""))
        if response.streaming or not kind.startswith(COMPRESSED):
            return response
        return super().process_response(request, response)
