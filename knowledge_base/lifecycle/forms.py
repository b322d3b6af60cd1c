"""The form by which a reader suggests a change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import KnowledgeDocument
from knowledge_base.widgets import LinesField, StepsField

TEXTS = ("title", "symptoms", "root_causes", "diagnosis_steps", "solutions", "prevention", "notes")


class SuggestionForm(forms.Form):
    """The texts of the document as they are, to be changed in place."""

    note = forms.CharField(
        label=_("Reason"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What is wrong or missing; the curator decides by it."),
    )  # fmt: skip
    incident = forms.RegexField(
        regex=r"^INC-\d{6,18}$", label=_("Incident"), max_length=32, required=False,
        help_text=_("Where you noticed it, such as INC-000012."),
        error_messages={"invalid": _("An incident's number looks like INC-000012.")},
    )  # fmt: skip
    title = forms.CharField(label=_("Title"), max_length=300)
    symptoms = LinesField(label=_("Symptoms"))
    root_causes = LinesField(label=_("Root causes"))
    diagnosis_steps = StepsField("diagnosis_steps", label=_("Diagnosis steps"))
    solutions = StepsField("solutions", label=_("Solutions"))
    prevention = LinesField(label=_("Prevention"), rows=3)
    notes = forms.CharField(
        label=_("Notes"), required=False, max_length=500_000, widget=forms.Textarea(attrs={"rows": 4})
    )

    @classmethod
    def of(cls, document: KnowledgeDocument, *, incident: str = "") -> SuggestionForm:
        """The form with the document's present texts."""
        return cls(initial={"incident": incident, **{name: getattr(document, name) for name in TEXTS}})

    def texts(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in TEXTS}
