"""Fields that take what programs really send: text or lines, INFO as text or as an object."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.diagnostics.intake import UploadedText
from incidents.uploads import UnusableUpload, Uploads, add_bytes, too_large


def within_limit(text: str, name: str) -> str:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    if size > settings.UPLOAD_LIMIT_BYTES:
        raise serializers.ValidationError(too_large(name, size))
    return text


@extend_schema_field({"oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]})
class LinesField(serializers.Field):
    """A list of lines, or one text."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        if isinstance(data, str):
            return tuple(within_limit(data, str(self.field_name)).splitlines())
        if isinstance(data, list) and all(isinstance(line, str) for line in data):
            within_limit("\n".join(data), str(self.field_name))
            return tuple(data)
        raise serializers.ValidationError(_("This must be a text or a list of lines."))

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {}}]})
class InfoField(serializers.Field):
    """Output of INFO: the text, or an object as client libraries return it."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, dict):
            data = "\n".join(f"{name}:{_info_value(value)}" for name, value in data.items())
        if not isinstance(data, str):
            raise serializers.ValidationError(_("This must be the text of INFO, or an object of its fields."))
        return within_limit(data, str(self.field_name))

    def to_representation(self, value: Any) -> Any:
        return value


def _info_value(value: Any) -> str:
    """As INFO writes it: client libraries make `keys=1,expires=0` into an object."""
    if isinstance(value, dict):
        return ",".join(f"{name}={part}" for name, part in value.items())
    return str(value)


@extend_schema_field({
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "text": {"type": "string"},
            "base64": {"type": "string", "description": "bytes instead of text; .gz, .zip and .tar are unpacked"},
        },
    },
})  # fmt: skip
class FilesField(serializers.Field):
    """Files as {"name", "text"} or {"name", "base64"}."""

    def to_internal_value(self, data: Any) -> tuple[UploadedText, ...]:
        if not isinstance(data, list) or not all(isinstance(file, dict) for file in data):
            raise serializers.ValidationError(_('This must be a list of {"name", "text"} or {"name", "base64"}.'))
        return tuple(text for file in data for text in self._read(file))

    def _read(self, file: dict[str, Any]) -> list[UploadedText]:
        name = str(file.get("name") or "file")[:200]
        if isinstance(file.get("text"), str):
            return [UploadedText(name, within_limit(file["text"], name))]
        try:
            content = base64.b64decode(str(file.get("base64", "")), validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError(_("%(name)s is not valid base64.") % {"name": name}) from None
        uploads = Uploads()
        try:
            add_bytes(uploads, name, content)
        except UnusableUpload as exc:
            raise serializers.ValidationError(str(exc)) from None
        return uploads.texts

    def to_representation(self, value: Any) -> Any:
        return value
