"""The search form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import Filters


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Question or error message"),
        max_length=20_000,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "autofocus": True}),
    )
    category = forms.ChoiceField(
        label=_("Category"), required=False, choices=[("", _("All categories")), *KnowledgeDocument.Category.choices]
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All kinds")), *KnowledgeDocument.Kind.choices]
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("Both languages")), *KnowledgeDocument.Language.choices]
    )
    version = forms.CharField(label=_("Server version"), max_length=20, required=False)

    def filters(self) -> Filters:
        values: dict[str, Any] = self.cleaned_data
        return Filters(
            categories=_one(values["category"]),
            kinds=_one(values["kind"]),
            languages=_one(values["language"]),
            version=values["version"],
        )


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
