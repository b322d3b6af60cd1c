"""The curators' forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.glossary_effects.desk import ConfirmedForm
from knowledge_base.linting.desk import publishing_errors
from knowledge_base.models import GlossaryEntry, KnowledgeDocument
from knowledge_base.widgets import AppliesToField, LinesField, StepsField, WordsField, refuse


class DocumentForm(forms.ModelForm):
    symptoms = LinesField(label=_("Symptoms"), help_text=_("As people say them. One entry per line."))
    root_causes = LinesField(label=_("Root causes"))
    diagnosis_steps = StepsField("diagnosis_steps", label=_("Diagnosis steps"))
    solutions = StepsField("solutions", label=_("Solutions"), help_text=_("In order of risk."))
    prevention = LinesField(label=_("Prevention"))
    related_metrics = LinesField(label=_("Related metrics"), rows=3)
    tags = LinesField(label=_("Tags"), rows=3)
    applies_to = AppliesToField(label=_("Applies to"))
    preconditions = LinesField(
        label=_("Preconditions"), rows=3, help_text=_("Findings, one per line; any one admits it to an analysis.")
    )
    questions = LinesField(label=_("Questions it answers"), help_text=_("It must be found by each. One per line."))
    sources = LinesField(label=_("Sources"), rows=2)

    class Meta:
        model = KnowledgeDocument
        fields = "__all__"  # noqa: DJ007  (what is not editable is marked on the model)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        known = {"id": self.instance.pk} if self.instance.pk else {}
        try:
            fields = {**cleaned, **clean_fields({**cleaned, **known})}
            self._refuse_to_publish(fields)
            return fields
        except InvalidDocument as exc:
            raise refuse(
                {name if name in self.fields else "__all__": why for name, why in exc.errors.items()}
            ) from None

    def _refuse_to_publish(self, fields: dict[str, Any]) -> None:
        """Errors of the linter keep a document from being published."""
        if fields.get("status") == KnowledgeDocument.Status.PUBLISHED and (errors := publishing_errors(fields)):
            raise InvalidDocument(errors)


class GlossaryForm(ConfirmedForm):
    ko = WordsField(label=_("Korean words"))
    en = WordsField(label=_("English words"), help_text=_("One per line; inflected forms need not be listed."))
    log = WordsField(label=_("Words in logs"))

    class Meta:
        model = GlossaryEntry
        fields = ("concept", "weight", "ko", "en", "log")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(cleaned.get(name) for name in ("ko", "en", "log")):
            raise forms.ValidationError(_("An entry needs at least one word."))
        return cleaned
