"""Form fields for lists: one line per entry, and steps as rows. They work as plain text areas without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

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
    """Products, versions and topologies as three short fields."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        fields = [forms.CharField(required=False) for _name in APPLIES_TO]
        super().__init__(fields=fields, require_all_fields=False, widget=AppliesToWidget(), **options)

    def compress(self, data_list: Any) -> dict[str, Any]:
        products, versions, topologies = (data_list or ["", "", ""])[:3]
        found = {"products": _parts(products), "versions": versions.strip(), "topologies": _parts(topologies)}
        return {name: value for name, value in found.items() if value}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or {}) != self.compress(data))


APPLIES_TO = {
    "products": _("redis, valkey"),
    "versions": _(">=6.0,<8"),
    "topologies": _("standalone, replication, sentinel, cluster"),
}


class AppliesToWidget(forms.MultiWidget):
    def __init__(self) -> None:
        inputs = [
            forms.TextInput(attrs={"placeholder": hint, "aria-label": name, "class": "vTextField"})
            for name, hint in APPLIES_TO.items()
        ]
        super().__init__(widgets=inputs)

    def decompress(self, value: Any) -> list[str]:
        value = value or {}
        return [", ".join(value.get("products", [])), value.get("versions", ""), ", ".join(value.get("topologies", []))]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def refuse(errors: dict[str, list[str]]) -> ValidationError:
    """The errors of `document_fields` as a form's, beside their fields."""
    return ValidationError({name: [ValidationError(reason) for reason in reasons] for name, reasons in errors.items()})
