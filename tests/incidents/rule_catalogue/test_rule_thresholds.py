"""Thresholds that an administrator changes: checked against the catalogue, kept as a history, used by analyses."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.rules.specs import all_rules
from incidents.rule_catalogue.rule_thresholds import RuleThreshold, change_threshold, thresholds_in_force

RULE = "mem-maxmemory-pressure"
NEARLY_FULL = "role:master\nused_memory:850000000\nmaxmemory:1000000000\nmaxmemory_policy:noeviction"

pytestmark = pytest.mark.django_db


def change(tier="medium", value=0.88, *, rule_id=RULE, reason="Batch jobs fill it every night.", by=None):
    return change_threshold(rule_id=rule_id, tier=tier, value=value, reason=reason, by=by)


class AChangeTests:
    def test_is_in_force_at_once(self):
        change()

        assert thresholds_in_force() == {RULE: {"medium": 0.88}}

    def test_keeps_those_before_it_as_history(self, alice):
        change(value=0.85, by=alice)
        change(value=0.88, by=alice)

        assert [row.value for row in RuleThreshold.objects.of_rule(RULE)] == [0.88, 0.85]
        assert thresholds_in_force() == {RULE: {"medium": 0.88}}

    def test_without_a_value_puts_the_default_back(self):
        change()
        change(value=None, reason="The batch jobs have moved.")

        assert thresholds_in_force() == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"rule_id": "mem-nothing"},
            {"tier": "gigantic"},
            {"value": float("nan")},
            {"value": -1.0},
            {"value": 0.99},  # above the tier that is worse
            {"reason": "  "},
        ],
    )
    def test_that_does_not_fit_the_catalogue_is_refused(self, wrong):
        with pytest.raises(ValidationError):
            change(**wrong)

        assert not RuleThreshold.objects.exists()

    def test_is_held_against_those_in_force(self):
        change("high", 0.95)

        assert change("medium", 0.92).value == 0.92

    def test_of_a_tier_that_counts_down_is_ordered_the_other_way_round(self):
        assert change("medium", 60, rule_id="conn-tls-cert").value == 60
        with pytest.raises(ValidationError):
            change("medium", 5, rule_id="conn-tls-cert")

    def test_of_a_rule_that_an_upgrade_dropped_means_nothing(self):
        RuleThreshold.objects.create(rule_id="mem-of-old", tier="medium", value=1.0, reason="It was there once.")

        assert thresholds_in_force() == {}

    def test_needs_a_reason_in_the_database_too(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            RuleThreshold.objects.create(rule_id=RULE, tier="medium", value=0.88, reason="")

    def test_costs_an_analysis_one_query(self, django_assert_num_queries):
        change()
        thresholds_in_force()

        with django_assert_num_queries(1):
            thresholds_in_force()


class AnAnalysisTests:
    def findings(self):
        from incidents.runs.wiring import analyse

        events = list(analyse(IncidentInput(redis_info=NEARLY_FULL), incident_id="INC-000001", language="en"))
        return {event.payload["id"] for event in events if event.kind == "finding"}

    def test_judges_by_the_catalogue_until_somebody_changes_it(self):
        before = self.findings()
        change()

        assert RULE in before
        assert RULE not in self.findings()


class TheAdminTests:
    ADD = "admin:incidents_rulethreshold_add"

    def test_records_who_changed_what_and_why(self, client, alice):
        client.force_login(alice)

        client.post(reverse(self.ADD), {"threshold": f"{RULE}/medium", "value": "0.88", "reason": "Batch jobs."})

        row = RuleThreshold.objects.get()
        assert (row.rule_id, row.tier, row.value, row.reason) == (RULE, "medium", 0.88, "Batch jobs.")
        assert row.changed_by == alice

    def test_says_what_is_wrong_with_a_change(self, client, alice):
        client.force_login(alice)

        answer = client.post(reverse(self.ADD), {"threshold": f"{RULE}/medium", "value": "0.99", "reason": "Why not?"})

        assert b"The tiers must stay in order" in answer.content
        assert not RuleThreshold.objects.exists()

    def test_offers_every_threshold_of_the_catalogue_and_the_one_asked_for(self, client, alice):
        client.force_login(alice)

        page = client.get(reverse(self.ADD), {"rule_id": RULE, "tier": "high"}).content.decode()

        assert f'<option value="{RULE}/high" selected>' in page
        assert all(f'value="{spec.id}/{tier}"' in page for spec in all_rules().values() for tier in spec.thresholds)

    def test_lets_nobody_alter_or_remove_a_change(self, client, alice):
        client.force_login(alice)
        row = change(by=alice)

        altered = client.post(reverse("admin:incidents_rulethreshold_change", args=[row.pk]), {"value": "0.1"})
        removed = client.post(reverse("admin:incidents_rulethreshold_delete", args=[row.pk]), {"post": "yes"})

        assert (altered.status_code, removed.status_code) == (403, 403)
        row.refresh_from_db()
        assert row.value == 0.88
