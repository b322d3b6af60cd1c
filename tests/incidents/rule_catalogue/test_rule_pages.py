"""The catalogue of rules as pages: drawn from the data, searchable, with thresholds as they are in force."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.diagnostics.rules.reading import reading_of, say_threshold
from incidents.diagnostics.rules.specs import all_rules, left_out
from incidents.rule_catalogue.rule_thresholds import change_threshold

RULE = "mem-maxmemory-pressure"


class AReadingTests:
    @pytest.mark.parametrize("rule_id", all_rules())
    def test_tells_of_every_rule_where_it_looks(self, rule_id: str):
        reading = reading_of(rule_id)

        assert any((reading.sections, reading.fields, reading.settings, reading.opens, reading.latency, reading.kinds))

    def test_follows_a_rule_into_what_it_calls(self):
        assert "allocator_frag_ratio" in reading_of("mem-fragmentation-allocator").fields
        assert "replica-ignore-maxmemory" in reading_of(RULE).settings
        assert "tls_server_cert_expires_in_seconds" in reading_of("conn-tls-cert").fields

    def test_tells_expressions_and_log_conditions_too(self):
        assert {"total_system_memory", "used_memory_rss"} <= set(reading_of("mem-system-memory-pressure").fields)
        assert reading_of("conn-bind-failure").closes == ("ready",)

    @pytest.mark.parametrize(
        ("rule_id", "name", "said"),
        [
            (RULE, "medium", "80 %"),
            ("mem-replica-buffers", "medium", "10.0 MB"),
            ("conn-tls-cert", "high", "7 d"),
            ("perf-slowlog", "high", "1,000 ms"),
            ("mem-client-buffers", "least_bytes", "8.0 MB"),
        ],
    )
    def test_says_thresholds_with_their_units(self, rule_id: str, name: str, said: str):
        spec = all_rules()[rule_id]

        assert say_threshold(spec, name, spec.thresholds[name]) == said


@pytest.mark.django_db
class TheListTests:
    def page(self, client, bob, **query):
        client.force_login(bob)
        return client.get(reverse("rule-list"), query).content.decode()

    def test_shows_every_rule_and_what_is_left_out_with_the_reason(self, client, bob):
        page = self.page(client, bob)

        assert all(reverse("rule-detail", args=[rule_id]) in page for rule_id in all_rules())
        assert all(name in page for name in left_out())

    def test_finds_rules_by_an_info_field(self, client, bob):
        page = self.page(client, bob, q="aof_delayed_fsync")

        assert reverse("rule-detail", args=["pers-aof-fsync-delayed"]) in page
        assert reverse("rule-detail", args=[RULE]) not in page

    def test_finds_rules_by_words_of_the_other_language(self, client, bob):
        assert reverse("rule-detail", args=["mem-fragmentation-total"]) in self.page(client, bob, q="단편화")

    def test_keeps_to_an_area(self, client, bob):
        page = self.page(client, bob, area="security")

        assert reverse("rule-detail", args=["sec-known-cve"]) in page
        assert reverse("rule-detail", args=[RULE]) not in page

    def test_says_that_nothing_matches(self, client, bob):
        assert "No rule matches." in self.page(client, bob, q="zzzz")

    def test_marks_rules_whose_thresholds_were_changed(self, client, bob):
        before = self.page(client, bob)
        change_threshold(rule_id=RULE, tier="medium", value=0.88, reason="Batch jobs.", by=None)

        assert "threshold changed" not in before
        assert "threshold changed" in self.page(client, bob)


@pytest.mark.django_db
class ARulesPageTests:
    @pytest.mark.parametrize("language", ["en", "ko"])
    def test_is_drawn_for_every_rule(self, client, bob, language):
        client.force_login(bob)

        for rule_id, spec in all_rules().items():
            answer = client.get(reverse("rule-detail", args=[rule_id]), headers={"accept-language": language})

            assert answer.status_code == 200, rule_id
            assert answer.context["rule"]["title"] == spec.title.say(language)

    def test_shows_default_and_present_threshold_and_who_changed_it(self, client, bob, alice):
        change_threshold(rule_id=RULE, tier="medium", value=0.88, reason="Batch jobs fill it.", by=alice)
        client.force_login(bob)

        page = client.get(reverse("rule-detail", args=[RULE])).content.decode()

        assert all(words in page for words in ("80 %", "88 %", "Batch jobs fill it.", "alice"))

    def test_offers_the_change_to_administrators_alone(self, client, bob, alice):
        address, change = reverse("rule-detail", args=[RULE]), reverse("admin:incidents_rulethreshold_add")

        client.force_login(bob)
        assert change not in client.get(address).content.decode()
        client.force_login(alice)
        assert f"{change}?rule_id={RULE}&amp;tier=medium" in client.get(address).content.decode()

    def test_tells_the_causes_that_it_speaks_for_and_against(self, client, bob):
        client.force_login(bob)

        causes = client.get(reverse("rule-detail", args=["mem-client-buffers"])).context["causes"]

        assert causes[0]["id"] == "memory-client-buffer"
        assert any(cause["against"] for cause in causes)

    def test_of_no_rule_is_not_found(self, client, bob):
        client.force_login(bob)

        assert client.get(reverse("rule-detail", args=["mem-nothing"])).status_code == 404
