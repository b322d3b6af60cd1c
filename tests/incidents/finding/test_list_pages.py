"""The list, saved views and changes to many as a plain browser sees them, without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from incidents.collaboration.models import Watch
from incidents.finding.models import BulkChange, DefaultView, SavedView
from incidents.models import Incident, IncidentChange

pytestmark = pytest.mark.django_db
LIST = "/incidents/"


@pytest.fixture
def portal(client, bob) -> Client:
    client.force_login(bob)
    return client


@pytest.fixture
def two(bob) -> list[Incident]:
    return [Incident.objects.create(title=f"incident {n}", reporter=bob) for n in (1, 2)]


def text(answer) -> str:
    return answer.content.decode()


class ListPageTests:
    def test_keeps_its_filters_in_links_and_fields(self, portal, two):
        page = text(portal.get(f"{LIST}?status=open&q=incident"))

        assert 'name="status" value="open" checked' in page
        assert "?q=incident&amp;status=open&amp;order=severity" in page
        assert 'aria-label="Remove Status: Open"' in page

    def test_answers_htmx_with_the_part_and_its_counts(self, portal, two):
        page = text(portal.get(f"{LIST}?status=open", headers={"HX-Request": "true"}))

        assert "<html" not in page
        assert 'id="count-status-open" hx-swap-oob="true">2<' in page
        assert 'id="views" hx-swap-oob="true"' in page

    def test_says_so_when_nothing_matches(self, portal, two):
        assert "No incident matches" in text(portal.get(f"{LIST}?severity=low"))

    def test_explains_itself_when_empty(self, portal):
        assert "/incidents/samples/memory/" in text(portal.get(LIST))

    def test_escapes_what_was_asked(self, portal, two):
        assert "<script>" not in text(portal.get(f"{LIST}?q=<script>alert(1)</script>&cause=<script>"))


class SavedViewTests:
    def save(self, portal, **fields):
        return portal.post("/incidents/views/", {"name": "Mine first", "query": "assignee=me&page=4", **fields})

    def test_is_a_tab_that_knows_it_is_current(self, portal):
        answer = self.save(portal)

        assert answer["Location"] == "/incidents/?assignee=me"
        assert 'href="/incidents/?assignee=me" aria-current="page">Mine first' in text(portal.get(answer["Location"]))

    def test_opens_the_list_when_chosen(self, portal):
        self.save(portal, is_default="on")

        assert portal.get(LIST)["Location"] == "/incidents/?assignee=me"
        assert portal.get(f"{LIST}?view=all").status_code == 200

    def test_is_seen_by_others_only_when_shared(self, portal, carol):
        self.save(portal)
        other = Client()
        other.force_login(carol)

        assert "Mine first" not in text(other.get(LIST))
        self.save(portal, is_shared="on")
        assert "Mine first" in text(other.get(LIST))
        assert SavedView.objects.count() == 1

    def test_a_shared_view_that_is_withdrawn_opens_no_list(self, portal, bob, carol):
        view = SavedView.objects.create(owner=carol, name="hers", query="status=open", is_shared=True)
        portal.post(f"/incidents/views/{view.pk}/", {"action": "default"})
        assert portal.get(LIST).status_code == 302

        SavedView.objects.update(is_shared=False)
        assert portal.get(LIST).status_code == 200

    def test_is_renamed_and_deleted_by_its_owner_alone(self, portal, bob, carol):
        view = SavedView.objects.create(owner=carol, name="hers", query="status=open", is_shared=True)
        for action in ("rename", "delete"):
            assert portal.post(f"/incidents/views/{view.pk}/", {"action": action, "name": "x"}).status_code == 404

        own = SavedView.objects.create(owner=bob, name="his", query="status=open")
        portal.post(f"/incidents/views/{own.pk}/", {"action": "rename", "name": "renamed", "is_shared": "on"})
        own.refresh_from_db()
        assert (own.name, own.is_shared) == ("renamed", True)
        portal.post(f"/incidents/views/{own.pk}/", {"action": "delete"})
        assert not SavedView.objects.filter(owner=bob).exists()

    def test_needs_a_name_and_keeps_names_apart(self, portal, bob):
        assert "Give the view a name" in text(portal.post("/incidents/views/", {"name": " "}, follow=True))
        for name in ("a", "b"):
            self.save(portal, name=name)
        second = SavedView.objects.get(name="b")
        answer = portal.post(f"/incidents/views/{second.pk}/", {"action": "rename", "name": "a"}, follow=True)
        assert "another view of that name" in text(answer)

    def test_a_page_lists_them(self, portal, bob):
        assert "no saved views yet" in text(portal.get("/incidents/views/"))
        self.save(portal, is_default="on")
        assert "your list opens with it" in text(portal.get("/incidents/views/"))
        assert DefaultView.objects.filter(user=bob).exists()


class BulkTests:
    def change(self, portal, incidents, action, **fields):
        return portal.post("/incidents/bulk/", {
            "incident": [one.pk for one in incidents], "action": action, "next": f"{LIST}?status=open", **fields,
        }, follow=True)  # fmt: skip

    def test_asks_before_it_changes(self, portal, two):
        page = text(self.change(portal, two, "status:mitigated"))

        assert "Set 2 incidents to Mitigated?" in page
        assert {one.status for one in Incident.objects.all()} == {"open"}

    def test_changes_all_through_the_history_and_says_so(self, portal, two, bob):
        page = text(self.change(portal, two, "status:mitigated", confirmed=1))

        assert "2 incidents are now: Mitigated." in page
        assert {one.status for one in Incident.objects.all()} == {"mitigated"}
        assert IncidentChange.objects.filter(kind="status", actor=bob).count() == 2
        assert "Undo" not in text(portal.get(LIST))  # it is offered once

    def test_is_taken_back_where_nobody_has_changed_it_since(self, portal, two, bob, carol):
        self.change(portal, two, "assign:me", confirmed=1)
        Incident.objects.filter(pk=two[0].pk).update(assignee=carol)
        page = text(portal.post(f"/incidents/bulk/{BulkChange.objects.get().pk}/undo/", follow=True))

        assert "1 incident is as before." in page
        assert "1 was changed by somebody since" in page
        assert [one.assignee for one in Incident.objects.order_by("pk")] == [carol, None]

    def test_is_taken_back_once_soon_and_by_whom_it_was_made(self, portal, two, carol):
        self.change(portal, two, "status:resolved", confirmed=1, resolution="restarted")
        change = BulkChange.objects.get()
        address = f"/incidents/bulk/{change.pk}/undo/"
        other = Client()
        other.force_login(carol)

        assert other.post(address).status_code == 404
        portal.post(address)
        assert {one.status for one in Incident.objects.all()} == {"open"}
        assert "taken back any more" in text(portal.post(address, follow=True))
        BulkChange.objects.update(undone_at=None, at=change.at - timedelta(hours=1))
        assert "taken back any more" in text(portal.post(address, follow=True))

    def test_watches_and_stops(self, portal, two, bob):
        page = text(self.change(portal, two, "watch:on", confirmed=1))
        watching = Watch.objects.filter(user=bob, is_on=True, incident__in=two)

        assert "You watch 2 more incidents." in page
        assert watching.count() == 2
        portal.post(f"/incidents/bulk/{BulkChange.objects.get().pk}/undo/")
        assert watching.count() == 0

    @pytest.mark.parametrize(
        ("action", "sentence"),
        [
            ("", "Choose what to do"), ("status:gone", "Choose what to do"), ("assign:999999", "does not work on"),
            ("assign:x", "does not work on"), ("explode:1", "Choose what to do"),
        ],
    )  # fmt: skip
    def test_says_what_is_wrong(self, portal, two, action, sentence):
        page = text(self.change(portal, two, action, confirmed=1))

        assert sentence in page
        assert BulkChange.objects.count() == 0

    def test_needs_incidents(self, portal, two):
        assert "Pick at least one" in text(self.change(portal, [], "assign:me"))
        answer = portal.post(
            "/incidents/bulk/", {"incident": ["x", "-1", "9" * 40], "action": "assign:me"}, follow=True
        )
        assert answer.status_code == 200

    def test_leads_nowhere_else(self, portal, two):
        answer = portal.post("/incidents/bulk/", {"incident": [two[0].pk], "action": "assign:me", "confirmed": 1,
                                                  "next": "https://evil.example/"})  # fmt: skip

        assert answer["Location"].startswith("/incidents/")
