"""Notes as the interfaces show them: as JSON, and grouped by the field they stand beside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language

from knowledge_base.linting.notes import Level, LintNote


def as_json(document_id: str, notes: Iterable[LintNote], language: str = "") -> dict[str, Any]:
    notes = list(notes)
    return {
        "id": document_id,
        "error_count": sum(note.level is Level.ERROR for note in notes),
        "warning_count": sum(note.level is Level.WARNING for note in notes),
        "notes": [note_as_json(note, language or shown_language()) for note in notes],
    }


def note_as_json(note: LintNote, language: str) -> dict[str, Any]:
    return {
        "level": note.level.value,
        "rule": note.rule,
        "field": note.field,
        "place": note.place,
        "text": note.text.say(language),
        "todo": note.todo.say(language),
        "other": note.other,
    }


def by_field(notes: Iterable[LintNote]) -> dict[str, list[dict[str, Any]]]:
    """The notes in the language of the page, under the field they stand beside; under "" those of the whole."""
    found: dict[str, list[dict[str, Any]]] = {}
    for note in notes:
        found.setdefault(note.field, []).append(note_as_json(note, shown_language()) | {"number": _number(note)})
    return found


def _number(note: LintNote) -> str:
    return "" if note.index is None else str(note.index + 1)


def shown_language() -> str:
    return "ko" if (get_language() or "").startswith("ko") else "en"
