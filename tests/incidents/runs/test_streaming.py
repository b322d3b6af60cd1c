"""Following a run over a real server: from the middle, with others, through a crash."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator

import httpx
import pytest
from rest_framework.authtoken.models import Token

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import AnalysisRun
from incidents.runs import streaming, tails
from tests.incidents.standins import Scripted
from tests.portal import PortalProcess, serving, wait_for, within

INTAKE = IncidentInput(pasted=("used_memory:1000",))


class Event:
    def __init__(self, kind: str, id: int | str | None, data: str) -> None:
        self.kind, self.id, self.data = kind, id, data

    def __repr__(self) -> str:
        return f"{self.id}:{self.kind}"


def events_of(response: httpx.Response) -> Iterator[Event]:
    kind, id, data = "message", None, []
    for line in response.iter_lines():
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data or kind != "message":
                yield Event(kind, id, "\n".join(data))
            kind, id, data = "message", None, []
        elif name == "event":
            kind = value
        elif name == "id":
            id = int(value) if value.isdigit() else value
        elif name == "data":
            data.append(value)


def read(address: str, token: str, *, count: int | None = None, **headers: str) -> list[Event]:
    """Read events until the stream ends, or until there are so many."""
    found: list[Event] = []
    headers = {"Authorization": f"Token {token}", **headers}
    with httpx.stream("GET", address, headers=headers, timeout=20) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        for event in events_of(response):
            found.append(event)
            if count is not None and len(found) >= count:
                break
    return found


OF_THE_TEAM = {"title", "status", "assignee", "watchers", "presence", "entry", "run-started"}


def until_done(events: Iterator[Event]) -> list[Event]:
    """A page's stream goes on after its run."""
    found = []
    for event in events:
        found.append(event)
        if event.kind == "done":
            break
    return found


@pytest.fixture
def token(bob) -> str:
    return str(Token.objects.create(user=bob).key)


@pytest.fixture
def start(bob):
    def start_run() -> AnalysisRun:
        incident = services.create_incident(intake=INTAKE, reporter=bob, language="en")
        return services.start_analysis(incident=incident, actor=bob)

    return start_run


@pytest.mark.django_db(transaction=True)
class FollowTests:
    def test_tells_everything_in_order_and_ends_with_done(self, token, start):
        with serving(analyse=Scripted()) as address:
            run = start()

            events = read(f"{address}/api/v1/runs/{run.pk}/events/", token)

        assert [event.id for event in events] == list(range(1, 9))
        assert events[-1].kind == "done"
        assert json.loads(events[-1].data) == {"status": "succeeded"}

    def test_shows_an_event_while_the_run_goes_on(self, token, start):
        analyse = Scripted(hold_at=3)
        with serving(analyse=analyse) as address:
            run = start()

            events = read(f"{address}/api/v1/runs/{run.pk}/events/", token, count=3)

            assert [event.kind for event in events] == ["evidence_read", "finding", "report"]
            assert AnalysisRun.objects.get(pk=run.pk).is_active
            analyse.go.set()

    def test_goes_on_where_a_reader_left_off(self, token, start):
        analyse = Scripted(hold_at=3)
        with serving(analyse=analyse) as address:
            run = start()
            events = f"{address}/api/v1/runs/{run.pk}/events/"

            first = read(events, token, count=2)
            analyse.go.set()
            rest = read(events, token, **{"Last-Event-ID": str(first[-1].id)})

        assert [event.id for event in [*first, *rest]] == list(range(1, 9))

    def test_takes_the_position_from_the_address_too(self, token, start):
        with serving(analyse=Scripted()) as address:
            run = start()
            wait_for(lambda: not AnalysisRun.objects.get(pk=run.pk).is_active)

            rest = read(f"{address}/api/v1/runs/{run.pk}/events/?after=6", token)

        assert [event.id for event in rest] == [7, 8]

    def test_ends_at_once_for_a_reader_who_has_seen_the_end(self, token, start):
        with serving(analyse=Scripted()) as address:
            run = start()
            wait_for(lambda: not AnalysisRun.objects.get(pk=run.pk).is_active)

            rest = read(f"{address}/api/v1/runs/{run.pk}/events/?after=8", token)

        assert [event.kind for event in rest] == ["done"]

    def test_serves_many_readers_from_one_tail_and_runs_once(self, token, start):
        analyse = Scripted(hold_at=3, words=30)
        seen: list[list[int | None]] = []
        with serving(analyse=analyse) as address:
            run = start()
            events = f"{address}/api/v1/runs/{run.pk}/events/"
            readers = [
                threading.Thread(target=lambda: seen.append([event.id for event in read(events, token)]))
                for _ in range(8)
            ]
            for reader in readers:
                reader.start()
            wait_for(lambda: tails.open_streams() == 8, what="eight open streams")
            open_tails = sum(len(known) for known in tails._by_loop.values())
            analyse.go.set()
            for reader in readers:
                reader.join(20)

        assert open_tails == 1
        assert seen == [list(range(1, 36))] * 8
        assert len(analyse.calls) == 1

    def test_forgets_a_reader_who_goes_away(self, token, start):
        analyse = Scripted(hold_at=3)
        with serving(analyse=analyse) as address:
            run = start()
            read(f"{address}/api/v1/runs/{run.pk}/events/", token, count=2)

            wait_for(lambda: tails.open_streams() == 0, what="the end of the stream")
            analyse.go.set()

    def test_ends_for_everybody_when_the_run_is_cancelled(self, token, start, bob):
        analyse = Scripted(hold_at=2)
        with serving(analyse=analyse) as address:
            run = start()
            assert analyse.held.wait(5)
            services.cancel_run(run=run, actor=bob)

            events = read(f"{address}/api/v1/runs/{run.pk}/events/", token)
            analyse.go.set()

        assert [event.kind for event in events] == ["evidence_read", "finding", "done"]

    def test_is_closed_to_people_without_a_role(self, start, mallory):
        stranger = Token.objects.create(user=mallory).key
        with serving(analyse=Scripted()) as address:
            run = start()
            answer = httpx.get(
                f"{address}/api/v1/runs/{run.pk}/events/", headers={"Authorization": f"Token {stranger}"}
            )

        assert answer.status_code == 403

    def test_sends_fragments_of_the_page_to_browsers(self, client, bob, start):
        client.force_login(bob)
        with serving(analyse=Scripted()) as address:
            run = start()
            cookies = {"sessionid": client.cookies["sessionid"].value}
            page = f"{address}/incidents/{run.incident.public_id}/live?run={run.pk}"
            with httpx.stream("GET", page, cookies=cookies, timeout=20) as response:
                events = until_done(events_of(response))

        events = [event for event in events if event.kind not in OF_THE_TEAM]
        slots = [event.kind for event in events]
        assert slots[:8] == ["evidence_read", "finding", "verdict", "plan", "explanation", "charts", "gaps", "related"]
        assert slots[-1] == "done"
        assert [event.id for event in events[2:7]] == [None] * 5
        assert str(events[7].id).startswith("3.")  # the run's position, then the incident's
        assert "Memory is full" in events[1].data


class RestartTests:
    """A crash in the middle of a run, as a reader with Last-Event-ID sees it."""

    def test_loses_and_repeats_nothing(self, tmp_path):
        portal = PortalProcess(args=("-m", "tests.incidents.slow_portal"), data=tmp_path)
        portal.start(SLOW_SECONDS="0.4")
        api, headers = f"{portal.address}/api/v1", {"Authorization": "Token " + "t" * 40}
        run = httpx.post(f"{api}/analyze?wait=0", json={"pasted": "used_memory:1"}, headers=headers).json()
        events = run["events_url"]
        before = read(events, "t" * 40, count=2)
        assert before[-1].kind == "finding"

        portal.end(signal.SIGKILL)
        portal.start(SLOW_SECONDS="0")
        after = read(events, "t" * 40, **{"Last-Event-ID": str(before[-1].id)})
        ended = httpx.get(run["run_url"], headers=headers).json()
        stopping = portal.end(signal.SIGTERM)

        seen = [*before, *after]
        assert [event.id for event in seen] == list(range(1, len(seen) + 1))
        assert [event.kind for event in seen].count("finding") == 1
        assert "restarted" in [json.loads(event.data).get("code") for event in seen]
        assert ended["status"] == "succeeded"
        assert stopping < within(3)

    def test_stops_within_three_seconds_with_open_streams(self, tmp_path):
        portal = PortalProcess(args=("-m", "tests.incidents.slow_portal"), data=tmp_path)
        portal.start(SLOW_SECONDS="5")
        headers = {"Authorization": "Token " + "t" * 40}
        run = httpx.post(
            f"{portal.address}/api/v1/analyze?wait=0", json={"pasted": "used_memory:1"}, headers=headers
        ).json()
        readers = [
            threading.Thread(target=lambda: read_quietly(run["events_url"], "t" * 40), daemon=True) for _ in range(5)
        ]
        for reader in readers:
            reader.start()
        threading.Event().wait(1.0)

        took = portal.end(signal.SIGINT)

        assert took < within(3), portal.said()


def read_quietly(address: str, token: str) -> None:
    try:
        read(address, token)
    except httpx.HTTPError:
        return


@pytest.mark.django_db
class ReadTests:
    def test_never_shows_an_end_that_still_runs(self, start, bob, monkeypatch):
        """The run is read as running, ends, and only then its events are read."""
        run = start()
        stale = AnalysisRun.objects.get(pk=run.pk)
        services.cancel_run(run=run, actor=bob)
        monkeypatch.setattr(streaming, "_run", lambda run_id: stale)

        (frame,) = streaming.RunSource(run.pk).read(0)

        assert frame.is_last
        assert frame.facts.status == "cancelled"
