"""The linter at the curators' desk: notes beside the fields, errors that keep a document from being published."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from knowledge_base.linting.notes import LintNote, errors_of
from knowledge_base.linting.presenting import by_field
from knowledge_base.linting.service import lint_document
from knowledge_base.models import KnowledgeDocument


class LintedAdmin(admin.ModelAdmin):
    """Shows what the linter says of the document as it is saved, or as it was typed when the form comes back."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: KnowledgeDocument | None = None,
    ) -> HttpResponse:  # fmt: skip
        form = context["adminform"].form
        notes = _notes(form, obj)
        grouped = by_field(notes)
        whole = [note for field, listed in grouped.items() if field not in form.fields for note in listed]
        for name, listed in grouped.items():
            if name in form.fields:
                _stand_beside(form.fields[name], listed)
        context.update(lint_notes=whole, lint_errors=len(errors_of(notes)), lint_total=len(notes))
        return super().render_change_form(request, context, add, change, form_url, obj)


def _notes(form: forms.BaseForm, obj: KnowledgeDocument | None) -> list[LintNote]:
    if not form.is_bound:
        return lint_document(obj) if obj is not None else []
    typed = getattr(form, "cleaned_data", {})
    if not typed.get("title"):
        return []
    notes = lint_document({**typed, "id": obj.pk if obj is not None else typed.get("id", "")})
    # What has a mistake of its own is missing from the cleaned fields, and not from the document.
    return [note for note in notes if note.field not in form.errors]


def _stand_beside(field: forms.Field, notes: list[dict[str, Any]]) -> None:
    listed = render_to_string("admin/knowledge_base/lint_notes.html", {"notes": notes})
    # The notes were escaped by their template; a help text of ours holds no markup.
    field.help_text = mark_safe(f"{field.help_text}{listed}")  # noqa: S308
