"""Filters as addresses write them: read, combined, said in words, written back."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from incidents import services
from incidents.collaboration import services as collaboration
from incidents.finding.filters import IncidentFilter, chips_of, unknown_values
from incidents.finding.listing import PER_PAGE, page_of
from incidents.finding.models import IncidentTrait
from incidents.models import Incident


def wanted(query: str) -> IncidentFilter:
    return IncidentFilter.of(QueryDict(query))


class AddressTests:
    @pytest.mark.parametrize(
        "query",
        [
            "status=open&status=mitigated&severity=high",
            "q=%EB%A9%94%EB%AA%A8%EB%A6%AC&assignee=me&order=severity",
            "period=7d&since=2026-11-01&until=2026-11-05&version=7.2&deployment=cluster&right=unjudged",
        ],
    )
    def test_says_again_what_was_asked(self, query):
        assert wanted(wanted(query).query) == wanted(query)
        assert wanted(query).is_set

    @pytest.mark.parametrize(
        "query", ["", "status=", "status=nonsense", "period=9y", "since=yesterday", "order=chaos", "page=3", "q=%20"]
    )
    def test_goes_on_without_what_it_does_not_know(self, query):
        assert wanted(query) == IncidentFilter()
        assert not wanted(query).is_set

    def test_takes_several_values_in_either_way(self):
        assert wanted("status=open,mitigated").status == wanted("status=open&status=mitigated").status

    def test_tells_programs_what_is_not_known(self):
        assert unknown_values(QueryDict("status=opne&since=nope&severity=high")) == {
            "status": ["opne"],
            "since": ["nope"],
        }

    def test_makes_a_chip_of_each_condition_that_leads_to_the_list_without_it(self):
        chips = chips_of(wanted("status=open&status=mitigated&assignee=me&order=oldest"))

        assert [(chip.label, chip.value) for chip in chips] == [
            ("Status", "Open"), ("Status", "Mitigated"), ("With", "me"),
        ]  # fmt: skip
        assert wanted(chips[0].query) == wanted("status=mitigated&assignee=me&order=oldest")


@pytest.fixture
def incidents(bob, carol) -> dict[str, Incident]:
    def make(name: str, **values) -> Incident:
        return Incident.objects.create(title=name, reporter=values.pop("reporter", bob), **values)

    made = {
        "plain": make("plain", severity="low", category="memory"),
        "taken": make("taken", severity="high", category="memory", assignee=bob, status="investigating"),
        "other": make("other", severity="high", category="cluster", assignee=carol, reporter=carol),
        "done": make("done", redis_version="7.2.4", deployment_type="cluster"),
    }
    services.change_status(incident=made["done"], status="resolved", actor=bob, resolution="restarted it")
    IncidentTrait.objects.create(incident=made["other"], kind="cause", name="split", at=made["other"].created_at)
    collaboration.add_comment(incident=made["plain"], author=carol, text="saffron helps")
    collaboration.watch(incident=made["done"], user=bob, is_on=True)
    return made


@pytest.mark.django_db
class ListTests:
    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", "done other taken plain"),
            ("order=oldest", "plain taken other done"),
            ("order=severity", "other taken plain done"),
            ("status=unresolved", "other taken plain"),
            ("status=open&status=resolved", "done other plain"),
            ("status=unresolved&status=resolved", "done other taken plain"),
            ("severity=high&category=memory", "taken"),
            ("assignee=me", "taken"),
            ("assignee=carol", "other"),
            ("assignee=nobody", "done plain"),
            ("reporter=carol", "other"),
            ("watcher=carol", "plain"),
            ("watcher=me&status=resolved", "done"),
            ("version=7", "done"),
            ("version=7.4", ""),
            ("deployment=cluster", "done"),
            ("period=1h&resolved=24h", "done"),
            ("since=2100-01-01", ""),
            ("until=2000-01-01", ""),
            ("right=unjudged", "done"),
            ("right=yes", ""),
            ("cause=split", "other"),
            ("finding=split", ""),
            ("q=restarted", "done"),
            ("q=saffron", "plain"),
            ("q=saff", "plain"),
        ],
    )
    def test_shows_what_was_asked(self, bob, incidents, query, names):
        page = page_of(bob, wanted(query), number=None)

        assert [row.title for row in page.rows] == names.split()
        assert page.total == len(names.split())

    def test_counts_what_each_choice_would_show(self, bob, incidents):
        page = page_of(bob, wanted("severity=high"), number=None)

        assert page.facets["severity"] == {"low": 1, "high": 2, "": 1}
        assert page.facets["category"] == {"memory": 1, "cluster": 1}
        assert page.facets["status"] == {"investigating": 1, "open": 1, "unresolved": 2}

    def test_is_empty_for_people_without_a_role(self, mallory, incidents):
        assert page_of(mallory, wanted(""), number=None).total == 0

    @pytest.mark.parametrize("number", ["0", "-1", "99", "x", "", None, "²", "9" * 30])
    def test_any_page_number_leads_to_a_page(self, bob, incidents, number):
        assert page_of(bob, wanted(""), number=number).number == 1

    def test_turns_pages(self, bob):
        Incident.objects.bulk_create(Incident(title=str(n)) for n in range(PER_PAGE + 3))

        page = page_of(bob, wanted(""), number="2")

        assert [row.title for row in page.rows] == ["2", "1", "0"]
        assert (page.previous, page.next, page.total) == (1, None, PER_PAGE + 3)
