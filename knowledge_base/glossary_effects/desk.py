"""The glossary at the curators' desk: nothing is saved or deleted before its effect was shown."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from knowledge_base.glossary import Concept, Weight
from knowledge_base.glossary_cache import current_glossary
from knowledge_base.glossary_effects.effects import Effect, effect_of, with_concept, without_concept
from knowledge_base.models import GlossaryEntry

WORDS = ("concept", "weight", "ko", "en", "log")
SHOWN = 30


class ConfirmedForm(forms.ModelForm):
    """A form whose change is accepted at the second press, when its effect has been on the page.

    What is confirmed is exactly what was shown: the mark is a fingerprint of the words.
    """

    effect: Effect | None = None
    mark: str = ""

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound or self.errors or not any(name in self.changed_data for name in WORDS):
            return
        fields = [self.cleaned_data.get(name) for name in WORDS]
        self.mark = hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()[:32]
        if self.data.get("_confirmed") != self.mark:
            self.effect = _effect(self)
            self.add_error(None, _("Nothing is saved yet. This is what would change; save again to keep it."))


def _effect(form: forms.ModelForm) -> Effect:
    before = current_glossary()
    old = str(form.initial.get("concept") or "")
    words = {name: tuple(map(str, form.cleaned_data.get(name) or ())) for name in ("ko", "en", "log")}
    concept = Concept(form.cleaned_data["concept"], weight=Weight(form.cleaned_data["weight"]), **words)
    return effect_of(before=before, after=with_concept(before, concept, instead_of=old), concept=concept.name)


class EffectAdmin(admin.ModelAdmin):
    change_form_template = "admin/knowledge_base/glossaryentry/change_form.html"
    delete_confirmation_template = "admin/knowledge_base/glossaryentry/delete_confirmation.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        form = context["adminform"].form
        if getattr(form, "effect", None) is not None:
            context.update(effect=form.effect, mark=form.mark, shown=form.effect.changed[:SHOWN], errors=None)
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        entry = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if isinstance(entry, GlossaryEntry) and request.method == "GET":
            before = current_glossary()
            effect = effect_of(before=before, after=without_concept(before, entry.concept), concept=entry.concept)
            context.update(effect=effect, shown=effect.changed[:SHOWN])
        return super().delete_view(request, object_id, context)
