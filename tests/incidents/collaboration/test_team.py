"""Assignment, conflicts, ticks, timeline, hand-over, feed, presence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from incidents import services
from incidents.collaboration import presence, queries, timeline
from incidents.collaboration import services as team
from incidents.collaboration.conflicts import EditConflict, version_of
from incidents.collaboration.handover import handover_text
from incidents.collaboration.models import ActionTick, Comment, Looking, Notice
from incidents.collaboration.wording import sentence
from incidents.diagnostics.intake import IncidentInput
from incidents.models import IncidentChange
from incidents.runs.execution import execute_run
from tests.incidents.standins import Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(bob):
    return services.create_incident(intake=IncidentInput(description="Writes fail"), reporter=bob, language="en")


@pytest.fixture
def run(incident, bob):
    run = services.start_analysis(incident=incident, actor=bob)
    list(execute_run(run=run, worker="w", analyse=Scripted(words=0)))
    run.refresh_from_db()
    return run


@pytest.fixture
def portal(client, bob):
    client.force_login(bob)
    return client


def first_step(run) -> str:
    step = run.result["immediate_actions"][0]
    return team.step_key(step["title"], step["command"])


class AssignTests:
    def test_gives_the_incident_to_anybody_who_may_work_on_it(self, portal, incident, carol):
        portal.post(f"{incident.get_absolute_url()}assign/", {"assignee": "carol"})

        incident.refresh_from_db()
        assert incident.assignee == carol
        assert Notice.objects.get(user=carol).reason == "assigned"

    def test_refuses_somebody_without_a_role(self, portal, incident, mallory):
        answer = portal.post(f"{incident.get_absolute_url()}assign/", {"assignee": "mallory"}, follow=True)

        incident.refresh_from_db()
        assert incident.assignee is None
        assert "mallory can&#x27;t be given an incident." in answer.content.decode()


class ConflictTests:
    def test_gives_the_second_editor_both_versions_and_saves_nothing(self, incident, bob, carol):
        seen = version_of(incident)
        services.edit_details(incident=incident, actor=carol, seen=seen, title="Carol's title")

        with pytest.raises(EditConflict) as raised:
            services.edit_details(incident=incident, actor=bob, seen=seen, title="Bob's title", description="more")

        (conflict,) = raised.value.conflicts
        assert (conflict.field, conflict.theirs, conflict.mine, conflict.by) == (
            "title", "Carol's title", "Bob's title", carol,
        )  # fmt: skip
        incident.refresh_from_db()
        assert (incident.title, incident.description) == ("Carol's title", "Writes fail")

    def test_merges_edits_of_different_fields(self, incident, bob, carol):
        seen = version_of(incident)
        services.edit_details(incident=incident, actor=carol, seen=seen, title="Carol's title")

        services.edit_details(incident=incident, actor=bob, seen=seen, title="Writes fail", description="more")

        incident.refresh_from_db()
        assert (incident.title, incident.description) == ("Carol's title", "more")

    def test_keeps_what_was_typed_on_the_page(self, portal, incident, carol):
        seen = version_of(incident)
        services.edit_details(incident=incident, actor=carol, title="Carol's title")
        form = {"seen": seen, "title": "Bob's title", "description": "Writes fail"}

        answer = portal.post(f"{incident.get_absolute_url()}edit/", form)

        page = answer.content.decode()
        assert answer.status_code == 409
        assert "Somebody else changed the same meanwhile" in page
        assert "Carol&#x27;s title" in page
        assert 'value="Bob&#x27;s title"' in page
        again = form | {"seen": version_of(incident)}
        assert portal.post(f"{incident.get_absolute_url()}edit/", again).status_code == 302

    def test_asks_when_two_change_the_status(self, portal, incident, carol):
        seen = version_of(incident)
        services.change_status(incident=incident, actor=carol, status="mitigated")

        answer = portal.post(f"{incident.get_absolute_url()}status/", {"status": "investigating", "seen": seen})

        assert answer.status_code == 409
        assert "Mitigated" in answer.content.decode()
        incident.refresh_from_db()
        assert incident.status == "mitigated"

    def test_leaves_a_status_alone_that_this_form_did_not_touch(self, portal, incident, carol):
        seen = version_of(incident)
        services.change_status(incident=incident, actor=carol, status="mitigated")

        portal.post(f"{incident.get_absolute_url()}status/", {"status": "open", "seen": seen})

        incident.refresh_from_db()
        assert incident.status == "mitigated"


class TickTests:
    def test_records_who_did_a_step_and_when(self, portal, run, bob):
        address = f"{run.incident.get_absolute_url()}runs/{run.pk}/steps/{first_step(run)}/"

        portal.post(address, {"done": "1"})
        portal.post(address, {"done": "1"})

        assert ActionTick.objects.get().done_by == bob
        assert [entry.kind for entry in timeline.timeline_of(run.incident)].count("step_done") == 1
        page = portal.get(run.incident.get_absolute_url()).content.decode()
        assert 'aria-pressed="true" title="Take the tick back"' in page

    def test_can_be_taken_back_which_is_told_too(self, portal, run, bob):
        team.tick(run=run, step=first_step(run), actor=bob)

        assert team.untick(run=run, step=first_step(run), actor=bob)
        assert not team.untick(run=run, step=first_step(run), actor=bob)

        assert timeline.timeline_of(run.incident)[-1].kind == "step_reopened"

    def test_refuses_a_step_that_the_report_lacks(self, run, bob):
        with pytest.raises(team.NoSuchStep):
            team.tick(run=run, step="0" * 12, actor=bob)

    def test_a_later_analysis_knows_that_it_was_done_before(self, portal, run, bob):
        team.tick(run=run, step=first_step(run), actor=bob)
        later = services.start_analysis(incident=run.incident, actor=bob)
        list(execute_run(run=later, worker="w", analyse=Scripted(words=0)))

        assert "before this analysis" in portal.get(run.incident.get_absolute_url()).content.decode()


class TimelineTests:
    def test_tells_people_and_machine_in_one(self, run, bob):
        services.change_status(incident=run.incident, actor=bob, status="investigating")
        team.add_comment(incident=run.incident, author=bob, text="looking")

        kinds = [entry.kind for entry in timeline.timeline_of(run.incident)]

        assert kinds == ["reported", "analysis_started", "analysis_ended", "status", "commented"]

    def test_says_it_in_the_language_of_the_reader(self, run, bob):
        services.change_status(incident=run.incident, actor=bob, status="investigating")
        entry = timeline.timeline_of(run.incident)[-1]

        assert sentence(entry) == "bob changed the status: Open → Investigating"
        with translation.override("ko"):
            assert sentence(entry).startswith("bob 님이 상태를 바꿨습니다: ")

    def test_keeps_long_texts_before_and_after(self, incident, bob):
        services.edit_details(incident=incident, actor=bob, description="나" * 5_000)

        change = incident.changes.get(field="description")
        assert (change.before, change.after) == ("Writes fail", "나" * 5_000)

    def test_asks_as_few_questions_for_500_comments_as_for_one(
        self, portal, incident, bob, carol, django_assert_max_num_queries
    ):  # fmt: skip
        comments = Comment.objects.bulk_create(
            Comment(incident=incident, author=(bob, carol)[n % 2], text=f"**n** {n} @carol") for n in range(500)
        )
        IncidentChange.objects.bulk_create(
            IncidentChange(incident=incident, kind="commented", actor=one.author, comment=one) for one in comments
        )

        with django_assert_max_num_queries(28):
            page = portal.get(incident.get_absolute_url()).content.decode()
        with django_assert_max_num_queries(9):
            portal.get(f"{incident.get_absolute_url()}timeline/")

        assert page.count('class="comment"') == timeline.PER_PAGE
        assert "Show earlier" in page

    def test_goes_back_without_a_gap(self, incident, bob):
        for number in range(90):
            services.edit_details(incident=incident, actor=bob, title=f"title {number}")

        seen, before = [], None
        while True:
            page = timeline.page_of(incident, before=before)
            seen += [entry.id for entry in page.entries]
            if (before := page.before) is None:
                break

        assert seen == [entry.id for entry in reversed(timeline.timeline_of(incident))]


class HandoverTests:
    def test_says_what_is_known_done_and_open_and_who_has_it(self, run, bob):
        services.assign(incident=run.incident, assignee=bob, actor=bob)
        team.add_comment(incident=run.incident, author=bob, text="failover is prepared")

        english = handover_text(run.incident, language="en", address="https://portal/x")
        korean = handover_text(run.incident, language="ko", address="https://portal/x")

        assert "## What is known\nMemory is full; writes fail." in english
        assert "Has it: bob" in english
        assert "bob: failover is prepared" in english
        assert "- [ ] " in english
        assert "## 남은 일" in korean
        assert "분석 내용은 영어로 작성되었습니다." in korean

    def test_leaves_out_what_was_done(self, run, bob):
        title = run.result["immediate_actions"][0]["title"]
        team.tick(run=run, step=first_step(run), actor=bob)

        text = handover_text(run.incident, language="en", address="")

        assert f"- [ ] {title}" not in text
        assert f"bob did: {title}" in text

    def test_has_something_to_say_before_the_first_analysis(self, incident):
        assert "There is no analysis yet. Writes fail" in handover_text(incident, language="en", address="")


class FeedTests:
    def test_shows_what_concerns_somebody(self, incident, bob, carol):
        team.add_comment(incident=incident, author=bob, text="@carol")
        services.create_incident(intake=IncidentInput(description="Another"), reporter=bob, language="en")

        def kinds(show):
            return [item.entry.kind for item in queries.feed_of(carol, show=show).items]

        assert kinds("all") == ["reported", "commented", "reported"]
        assert kinds("mentions") == ["commented"]
        assert kinds("watching") == ["commented", "reported"]
        assert kinds("mine") == []

    def test_counts_what_was_not_seen_until_the_incident_is_opened(self, client, incident, bob, carol):
        team.add_comment(incident=incident, author=bob, text="@carol")
        client.force_login(carol)

        assert "1 unread" in client.get("/activity/").content.decode()
        client.get(incident.get_absolute_url())
        assert "1 unread" not in client.get("/activity/").content.decode()

    def test_asks_few_questions(self, portal, bob, carol, django_assert_max_num_queries):
        for number in range(30):
            incident = services.create_incident(
                intake=IncidentInput(description=f"n {number}"), reporter=carol, language="en"
            )
            services.assign(incident=incident, assignee=bob, actor=carol)

        with django_assert_max_num_queries(12):
            portal.get("/activity/")


class PresenceTests:
    def test_forgets_those_whose_process_is_gone(self, incident, bob, carol):
        now = timezone.now()
        Looking.objects.create(incident=incident, user=bob, process="a", seen_at=now)
        Looking.objects.create(incident=incident, user=bob, process="b", seen_at=now)
        Looking.objects.create(incident=incident, user=carol, process="c", seen_at=now - timedelta(minutes=2))

        assert presence.lookers(incident.pk, at=now) == ["bob"]


class ApiTests:
    @pytest.fixture
    def api(self, portal, incident):
        base = f"/api/v1/incidents/{incident.public_id}"

        def call(method, path, data=None):
            return getattr(portal, method)(f"{base}/{path}", data, content_type="application/json")

        return call

    def test_comments(self, api, bob, carol):
        made = api("post", "comments/", {"text": "@carol님 보세요"})
        assert made.status_code == 201
        assert made.json()["mentioned"] == ["carol"]
        place = f"comments/{made.json()['comment_id']}/"
        assert api("patch", place, {"text": "two", "seen": "@carol님 보세요"}).json()["text"] == "two"
        assert api("patch", place, {"text": "three", "seen": "old"}).json()["error"]["code"] == "conflict"
        assert api("delete", place).status_code == 204
        assert api("get", "comments/").json()[0]["text"] == ""
        assert "text" in api("post", "comments/", {"text": ""}).json()["error"]["fields"]

    def test_overwrites_nothing_that_changed_since_it_was_read(self, portal, api, incident, carol):
        address = f"/api/v1/incidents/{incident.public_id}/"
        tag = portal.get(address)["ETag"]
        services.edit_details(incident=incident, actor=carol, title="Carol's title")

        def change(**data):
            return portal.patch(address, data, content_type="application/json", headers={"If-Match": tag})

        assert change(title="Bob's title").json()["error"]["code"] == "changed_meanwhile"
        assert change(title="Bob's title").status_code == 412
        assert change(description="another field").json()["title"] == "Carol's title"

    def test_watchers_assignee_and_timeline(self, api, incident, carol, mallory):
        assert api("get", "watchers/").json() == {"watchers": ["bob"], "watching": True}
        assert api("delete", "watchers/").json() == {"watchers": [], "watching": False}
        assert api("put", "assignee/", {"assignee": "carol"}).json()["assignee"] == "carol"
        assert api("put", "assignee/", {"assignee": "mallory"}).status_code == 400
        entries = api("get", "timeline/").json()["entries"]
        assert entries[0]["text"] == "bob gave the incident to carol"
        assert api("get", "timeline/?show=comments").json() == {"entries": [], "before": None}
