"""Thresholds in the admin: to change one with a reason, and to read who changed what, when and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from incidents.diagnostics.rules.specs import all_rules
from incidents.rule_catalogue.rule_thresholds import RuleThreshold

BETWEEN = "/"  # in the value of a choice; neither part of it holds one


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every threshold of the catalogue, by rule, with its default."""
    return [
        (
            f"{spec.id}",
            [
                (f"{spec.id}{BETWEEN}{tier}", f"{spec.id} · {tier} ({value:g})")
                for tier, value in spec.thresholds.items()
            ],
        )
        for spec in sorted(all_rules().values(), key=lambda spec: spec.id)
        if spec.thresholds
    ]


class ThresholdForm(forms.ModelForm):
    """One choice for rule and threshold, so that nobody can name a pair that does not exist."""

    threshold = forms.ChoiceField(label=_("threshold"), choices=choices)

    class Meta:
        model = RuleThreshold
        fields = ("threshold", "value", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        rule_id, _between, tier = str(cleaned.get("threshold", "")).partition(BETWEEN)
        self.instance.rule_id, self.instance.tier = rule_id, tier
        return cleaned


@admin.register(RuleThreshold)
class RuleThresholdAdmin(admin.ModelAdmin):
    form = ThresholdForm
    list_display = ("rule_id", "tier", "value", "reason", "changed_by", "changed_at")
    list_filter = ("changed_at",)
    list_select_related = ("changed_by",)
    list_per_page = 50
    search_fields = ("rule_id", "reason")
    readonly_fields = ("changed_by", "changed_at")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take `?rule_id=…&tier=…` of the catalogue page."""
        initial: dict[str, Any] = dict(super().get_changeform_initial_data(request))
        return {**initial, "threshold": f"{request.GET.get('rule_id', '')}{BETWEEN}{request.GET.get('tier', '')}"}

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("threshold", "value", "reason") if obj is None else self.list_display

    def save_model(self, request: HttpRequest, obj: RuleThreshold, form: forms.ModelForm, change: bool) -> None:
        obj.changed_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
