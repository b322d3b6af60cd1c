"""Form fields for lists: one line per entry, and steps as rows. They work as plain text areas without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from knowledge_base.document_fields import APPLIES_TO_TEXTS
from knowledge_base.document_format import STEP_FIELDS, read_markdown, write_steps
from knowledge_base.glossary import clean_words


class LinesField(forms.Field):
    """A JSON list as a text area with one entry per line."""

    def __init__(self, *, rows: int = 5, **options: Any) -> None:
        options.setdefault("required", False)
        options.setdefault("help_text", _("One entry per line."))
        super().__init__(widget=forms.Textarea(attrs={"rows": rows, "class": "vLargeTextField lines"}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, (list, tuple)):
            return [str(line) for line in value]
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class WordsField(LinesField):
    """Lines, each word once."""

    def to_python(self, value: Any) -> list[str]:
        return clean_words(super().to_python(value))


class StepsWidget(forms.Textarea):
    """A text area in the format of the Markdown files; JavaScript lays rows over it."""

    template_name = "knowledge_base/widgets/steps.html"  # in the app: form renderers don't look elsewhere

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(attrs={"rows": 12, "class": "vLargeTextField", "data-steps": ",".join(columns)})
        self.columns = columns

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["labels"] = json.dumps({key: str(label) for key, label in ROW_LABELS.items()})
        return context


ROW_LABELS = {
    "text": _("Step"), "command": _("Command"), "expect": _("Expect"), "risk": _("Risk"), "verify": _("Verify"),
    "undo": _("Undo"), "add": _("Add a step"), "remove": _("Remove"), "up": _("Move up"),
    "text_mode": _("Edit as text"), "row_mode": _("Edit as rows"),
    "read-only": _("Read only"), "changes-settings": _("Changes settings"), "blocks": _("Blocks the server"),
    "loses-data": _("Loses data"),
}  # fmt: skip


class StepsField(forms.Field):
    """Steps with their commands, as numbered Markdown."""

    def __init__(self, part: str, **options: Any) -> None:
        self.part = part
        options.setdefault("required", False)
        super().__init__(widget=StepsWidget(STEP_FIELDS[part]), **options)

    def prepare_value(self, value: Any) -> Any:
        return write_steps(value) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> list[dict[str, str]]:
        if isinstance(value, (list, tuple)):
            return list(value)
        if not (value or "").strip():
            return []
        heading = {"diagnosis_steps": "Diagnosis", "solutions": "Solutions"}[self.part]
        steps: list[dict[str, str]] = read_markdown(f"## {heading}\n\n{value}").get(self.part, [])
        return steps

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class AppliesToField(forms.MultiValueField):
    """Where a document applies, and what it rules there, as short fields."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        fields = [forms.CharField(required=False) for _name in APPLIES_TO]
        super().__init__(fields=fields, require_all_fields=False, widget=AppliesToWidget(), **options)

    def compress(self, data_list: Any) -> dict[str, Any]:
        typed = dict(zip(APPLIES_TO, data_list or (), strict=False))
        found = {name: _read_part(name, text or "") for name, text in typed.items()}
        return {name: value for name, value in found.items() if value}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or {}) != self.compress(data))


APPLIES_TO = {
    "products": _("redis, valkey"),
    "versions": _(">=6.0,<8"),
    "topologies": _("standalone, replication, sentinel, cluster"),
    "governs": _("the systems it governs: session-*, cart-*"),
    "forbids": _("commands it forbids there: FLUSHALL, CONFIG SET maxmemory-policy"),
    "requires": _("what it requires there, parted by semicolons: approval of the shift lead; a ticket"),
    "supersedes": _("identifiers of the documents it replaces"),
    "superseded_by": _("identifier of the document that replaces it"),
    "labels": _("labels of the systems it governs: tier=gold, env=production"),
    "valid_until": _("the last day on which it holds: 2026-12-31"),
}


def _read_part(name: str, text: str) -> Any:
    if name in APPLIES_TO_TEXTS:
        return text.strip()
    return [part.strip() for part in text.split(";") if part.strip()] if name == "requires" else _parts(text)


class AppliesToWidget(forms.MultiWidget):
    def __init__(self) -> None:
        inputs = [
            forms.TextInput(attrs={"placeholder": hint, "aria-label": hint, "title": hint, "class": "vTextField"})
            for hint in APPLIES_TO.values()
        ]
        super().__init__(widgets=inputs)

    def decompress(self, value: Any) -> list[str]:
        value = value or {}
        return [_written_part(name, value.get(name)) for name in APPLIES_TO]


def _written_part(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ("; " if name == "requires" else ", ").join(map(str, value))
    return str(value or "")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def refuse(errors: dict[str, list[str]]) -> ValidationError:
    """The errors of `document_fields` as a form's, beside their fields."""
    return ValidationError({name: [ValidationError(reason) for reason in reasons] for name, reasons in errors.items()})
