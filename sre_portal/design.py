"""The page that shows every component in both themes, for whoever builds the next one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from sre_portal.ui import ICONS, SEVERITY_WORDS

COLOURS = ("bg", "surface", "surface-sunken", "line", "line-strong", "text", "muted", "accent", "accent-weak", "mark",
           "critical", "high", "medium", "low", "ok")  # fmt: skip
SIZES = ("xs", "s", "m", "l", "xl", "xxl")
SPACES = tuple(range(1, 8))
PARTS = tuple(range(1, 10))


@require_GET
def design(request: HttpRequest) -> HttpResponse:
    context = {
        "colours": COLOURS, "sizes": SIZES, "spaces": SPACES, "parts": PARTS, "icons": ICONS,
        "severities": SEVERITY_WORDS, "themes": ("light", "dark"), "section": "design",
        "bars": [(number * 40, 30 - height, height) for number, height in enumerate((4, 9, 6, 14, 30, 22, 11, 5))],
    }  # fmt: skip
    return render(request, "design/page.html", context)
