"""The curators' forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.utils.translation import gettext_lazy as _

from knowledge_base.document_fields import InvalidDocument, clean_fields
from knowledge_base.glossary_effects.desk import ConfirmedForm
from knowledge_base.lifecycle.editing import merged_with_latest
from knowledge_base.lifecycle.histories import LabelledDiff, compare
from knowledge_base.lifecycle.models import DocumentRevision
from knowledge_base.lifecycle.states import situation_of
from knowledge_base.models import GlossaryEntry, KnowledgeDocument
from knowledge_base.widgets import AppliesToField, LinesField, StepsField, WordsField, refuse

FORM_ONLY = ("reason", "base_revision", "overruled")  # about the change, no part of the document


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

    reason = forms.CharField(
        label=_("Why this change"), max_length=500, required=False, help_text=_("Stands in the history."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )  # fmt: skip
    base_revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    overruled = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = KnowledgeDocument
        exclude = ("status",)  # noqa: DJ006  (what is not editable is marked on the model; steps change the status)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflicts: list[LabelledDiff] = []
        self.rival: DocumentRevision | None = None
        situation = getattr(self.instance, "situation", None)
        if situation is not None:
            self.initial["base_revision"] = situation.latest

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        known = {"id": self.instance.pk} if self.instance.pk else {}
        kept = {name: cleaned[name] for name in FORM_ONLY if name in cleaned}
        fields = {name: value for name, value in cleaned.items() if name not in FORM_ONLY}
        try:
            whole = {**clean_fields({**fields, **known}), **kept}
            self._look_for_rivals(whole)
            return whole
        except InvalidDocument as exc:
            raise refuse(
                {name if name in self.fields else "__all__": why for name, why in exc.errors.items()}
            ) from None

    def _look_for_rivals(self, fields: dict[str, Any]) -> None:
        """Where somebody else saved the same fields meanwhile, show that text; saving once more then replaces it."""
        base = fields.get("base_revision")
        if base is None or not self.instance.pk:
            return
        now = situation_of(KnowledgeDocument.objects.get(pk=self.instance.pk))
        merged = merged_with_latest(now, fields, base)
        if not merged.conflicts or fields.get("overruled") == now.latest:
            return
        self.rival = DocumentRevision.objects.select_related("author").filter(
            document_id=self.instance.pk, number=now.latest
        ).first()  # fmt: skip
        self.conflicts = compare(now.content, {name: fields[name] for name in merged.conflicts})
        self.data = {**self.data.dict(), "overruled": str(now.latest)}  # type: ignore[attr-defined]
        raise forms.ValidationError(
            _("Somebody else changed the same fields meanwhile. Compare both below; saving again keeps yours.")
        )


class StepForm(ActionForm):
    """Beside the bulk actions: why."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.TextInput(attrs={"placeholder": _("Reason")})
    )


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
