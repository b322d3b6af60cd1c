"""Incidents that looked alike, and why."""

from __future__ import annotations

import pytest

from incidents.finding.models import IncidentTrait
from incidents.finding.similar import similar_to
from incidents.models import Incident

pytestmark = pytest.mark.django_db


def made(name: str, *traits: str, **values) -> Incident:
    """An incident with traits such as "finding:mem-oom"."""
    incident = Incident.objects.create(title=name, **values)
    for trait in traits:
        kind, _, label = trait.partition(":")
        IncidentTrait.objects.create(incident=incident, kind=kind, name=label, at=incident.created_at)
    return incident


def names(incident: Incident) -> list[str]:
    return [one.incident.title for one in similar_to(incident)]


class SimilarTests:
    def test_share_a_cause_before_a_finding(self):
        one = made("one", "cause:full", "finding:mem-maxmemory-pressure")
        made("finding", "finding:mem-maxmemory-pressure")
        made("cause", "cause:full")
        made("neither", "finding:other")

        assert names(one) == ["cause", "finding"]

    def test_weigh_rare_findings_most(self):
        one = made("one", "finding:common", "finding:rare")
        for number in range(20):
            made(f"common {number}", "finding:common")
        made("rare", "finding:rare")

        assert names(one)[0] == "rare"

    def test_come_nearer_by_their_surroundings_and_what_fixed_them(self):
        one = made("one", "finding:a", category="memory", deployment_type="cluster", redis_version="7.2.4")
        made("far", "finding:a", category="cluster", redis_version="6.2.1")
        made("near", "finding:a", category="memory", deployment_type="cluster", redis_version="7.2.9")

        best = similar_to(one)[0]
        assert (best.incident.title, best.same_deployment, best.same_version) == ("near", True, True)

    def test_are_none_without_findings(self):
        made("other", "finding:a")

        assert similar_to(made("one")) == []

    def test_cost_the_same_among_many(self, django_assert_max_num_queries):
        one = made("one", "finding:a", "cause:b")
        for number in range(60):
            made(str(number), "finding:a", "cause:b")

        with django_assert_max_num_queries(7):
            assert len(similar_to(one)) == 6

    def test_a_page_says_why(self, client, bob):
        client.force_login(bob)
        one = made("one", "finding:mem-maxmemory-pressure")
        other = made("other", "finding:mem-maxmemory-pressure")

        page = client.get(f"{one.get_absolute_url()}similar/").content.decode()
        part = client.get(f"{one.get_absolute_url()}similar/", headers={"HX-Request": "true"}).content.decode()

        assert other.get_absolute_url() in page
        assert "Memory is close to maxmemory" in part
        assert "<html" not in part
