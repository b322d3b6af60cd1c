"""Make text and JSON from outside storable: no NUL, no lone surrogate, no NaN, in any database."""

from __future__ import annotations

import math
from typing import Any

REPLACEMENT = "\ufffd"


def storable_text(text: str) -> str:
    """PostgreSQL refuses NUL and both databases refuse lone surrogates, which JSON may carry."""
    text = text.replace("\x00", REPLACEMENT)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def storable_json(value: Any) -> Any:
    """A copy in which every text is storable and every number is one that JSON knows."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable_text(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value
