"""Thresholds that an administrator changed. Every change is a row of its own: the table is its own audit trail.

The newest row of a threshold is in force. A row without a value puts the default of the catalogue back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from math import isfinite

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Max, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.diagnostics.rules.specs import TIERS, RuleSpec, all_rules

Changes = dict[str, dict[str, float]]


class RuleThresholdQuerySet(models.QuerySet["RuleThreshold"]):
    def in_force(self) -> RuleThresholdQuerySet:
        """The newest change of every threshold, those that went back to the default included."""
        newest = self.order_by().values("rule_id", "tier").annotate(newest=Max("id")).values("newest")
        return self.filter(pk__in=newest)

    def of_rule(self, rule_id: str) -> RuleThresholdQuerySet:
        return self.filter(rule_id=rule_id).select_related("changed_by")


class RuleThreshold(models.Model):
    """One change of one threshold of a rule, with the reason. Rows are added and never altered."""

    rule_id = models.CharField(_("rule"), max_length=60)
    tier = models.CharField(_("threshold"), max_length=40)
    value = models.FloatField(_("value"), null=True, blank=True, help_text=_("Empty: back to the default."))
    reason = models.CharField(_("reason"), max_length=300)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        verbose_name=_("changed by"),
    )  # fmt: skip
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), editable=False)

    objects = RuleThresholdQuerySet.as_manager()

    class Meta:
        verbose_name = _("threshold of a rule")
        verbose_name_plural = _("thresholds of rules")
        ordering = ["-id"]
        indexes = [models.Index(fields=["rule_id", "tier", "-id"], name="newest_of_threshold")]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="threshold_change_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.rule_id}.{self.tier} = {'default' if self.value is None else format(self.value, 'g')}"

    def clean(self) -> None:
        """Hold the change against the catalogue. Raises ValidationError."""
        spec = all_rules().get(self.rule_id)
        if spec is None or self.tier not in spec.thresholds:
            raise ValidationError(_("The catalogue has no such threshold."))
        if self.value is not None and (not isfinite(self.value) or self.value < 0):
            raise ValidationError({"value": _("A threshold is a number that is not negative.")})
        check_order(spec, {**thresholds_in_force().get(self.rule_id, {}), self.tier: self._in_force(spec)})

    def _in_force(self, spec: RuleSpec) -> float:
        return spec.thresholds[self.tier] if self.value is None else self.value


def check_order(spec: RuleSpec, changes: Mapping[str, float]) -> None:
    """Raise ValidationError unless a worse tier needs a worse value."""
    values = {**spec.thresholds, **changes}
    tiers = [values[name] for name in reversed(TIERS) if name in values]
    if tiers != sorted(tiers, reverse=spec.descending):
        raise ValidationError(_("The tiers must stay in order: a worse one needs a worse value."))


def change_threshold(*, rule_id: str, tier: str, value: float | None, reason: str, by: User | None) -> RuleThreshold:
    """Change a threshold from the next analysis on. Raises ValidationError."""
    change = RuleThreshold(rule_id=rule_id, tier=tier, value=value, reason=reason.strip(), changed_by=by)
    change.full_clean()
    change.save()
    return change


def thresholds_in_force() -> Changes:
    """What differs from the catalogue now, by rule and threshold. One small query; the rest is remembered."""
    # The number of rows beside the newest: with two changes at once the older id may come to light last.
    state = RuleThreshold.objects.aggregate(rows=Count("id"), newest=Max("id"), at=Max("changed_at"))
    if not state["rows"]:
        return {}
    return {rule: dict(tiers) for rule, tiers in _changes_as_of(state["rows"], state["newest"], state["at"]).items()}


@lru_cache(maxsize=4)
def _changes_as_of(rows: int, newest: int, at: datetime) -> Changes:
    """The changes in force. Rows are never altered, so that the arguments say whether anything is new."""
    changes: Changes = {}
    for rule_id, tier, value in _known(RuleThreshold.objects.all()):
        changes.setdefault(rule_id, {})[tier] = value
    return changes


def _known(changes: RuleThresholdQuerySet) -> Iterator[tuple[str, str, float]]:
    """Those in force that still mean something: an upgrade may have dropped a rule or a threshold."""
    for change in changes.in_force():
        spec = all_rules().get(change.rule_id)
        if spec is not None and change.tier in spec.thresholds and change.value is not None:
            yield change.rule_id, change.tier, change.value
