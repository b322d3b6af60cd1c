"""Public incident numbers in addresses: INC-000123."""

from __future__ import annotations

from django.urls import register_converter

from incidents.models import PUBLIC_ID_PREFIX

PUBLIC_ID_PATTERN = PUBLIC_ID_PREFIX + r"[0-9]{6,18}"


class IncidentNumber:
    regex = PUBLIC_ID_PATTERN

    def to_python(self, value: str) -> int:
        return int(value.removeprefix(PUBLIC_ID_PREFIX))

    def to_url(self, value: int | str) -> str:
        return value if isinstance(value, str) else f"{PUBLIC_ID_PREFIX}{value:06d}"


register_converter(IncidentNumber, "incident")
