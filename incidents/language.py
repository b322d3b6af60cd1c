"""Which of the product's two languages the reader uses right now."""

from __future__ import annotations

from django.utils.translation import get_language


def current_language() -> str:
    return "ko" if (get_language() or "").startswith("ko") else "en"
