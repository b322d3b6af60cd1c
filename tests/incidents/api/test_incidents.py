"""Incidents, evidence and runs over the API."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident
from incidents.runs.execution import execute_run
from tests.incidents.standins import Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(bob) -> APIClient:
    client = APIClient()
    client.force_authenticate(bob)
    return client


@pytest.fixture
def incident(bob) -> Incident:
    return services.create_incident(
        intake=IncidentInput(description="Writes fail", pasted=("used_memory:1",)), reporter=bob, language="en"
    )


class IncidentTests:
    def test_are_listed_by_page_with_filters(self, api, incident, bob):
        services.create_incident(intake=IncidentInput(description="Failover"), reporter=bob, language="en")

        everything = api.get("/api/v1/incidents/?page_size=1").json()
        some = api.get("/api/v1/incidents/?q=writes").json()

        assert (everything["count"], len(everything["results"])) == (2, 1)
        assert [row["incident_id"] for row in some["results"]] == [incident.public_id]

    def test_are_changed_in_every_part(self, api, incident):
        answer = api.patch(f"/api/v1/incidents/{incident.public_id}/", {
            "title": "Memory", "assignee": "bob", "status": "resolved", "resolution": "More memory",
            "diagnosis_right": "partly",
        })  # fmt: skip

        data = answer.json()
        assert (data["title"], data["assignee"], data["status"]) == ("Memory", "bob", "resolved")
        assert data["resolved_at"] is not None
        assert incident.changes.count() == 6  # reported, title, assignee, status, resolution, diagnosis

    def test_keep_their_verdict(self, api, incident):
        data = api.patch(f"/api/v1/incidents/{incident.public_id}/", {"severity": "low"}).json()

        assert data["severity"] == ""

    @pytest.mark.parametrize("body", [{"status": "gone"}, {"assignee": "nobody-here"}, {"title": ""}])
    def test_refuse_what_does_not_exist(self, api, incident, body):
        assert api.patch(f"/api/v1/incidents/{incident.public_id}/", body).status_code == 400


class EvidenceTests:
    def test_is_added_and_read_back(self, api, incident):
        added = api.post(f"/api/v1/incidents/{incident.public_id}/evidence/", {"pasted": "maxmemory:1"})
        read = api.get(f"/api/v1/incidents/{incident.public_id}/evidence/2/")

        assert added.status_code == 201
        assert [row["number"] for row in added.json()] == [2]
        assert read.json()["text"] == "maxmemory:1"

    def test_is_listed_without_its_text(self, api, incident):
        row = api.get(f"/api/v1/incidents/{incident.public_id}/evidence/").json()["results"][0]

        assert "text" not in row
        assert row["lines"] == 1

    def test_must_be_something(self, api, incident):
        assert api.post(f"/api/v1/incidents/{incident.public_id}/evidence/", {}).status_code == 400


class RunTests:
    def test_is_started_once_and_shown_with_its_events(self, api, incident):
        started = api.post(f"/api/v1/incidents/{incident.public_id}/runs/")
        again = api.post(f"/api/v1/incidents/{incident.public_id}/runs/")
        list(execute_run(run=incident.latest_run, worker="w", analyse=Scripted()))

        run = api.get(started.json()["run_url"]).json()

        assert started.status_code == 202
        assert (again.status_code, again.json()["error"]["code"]) == (409, "already_running")
        assert run["status"] == "succeeded"
        assert run["result"]["severity"] == "critical"
        assert [event["sequence"] for event in run["events"]] == list(range(1, 9))

    def test_is_cancelled(self, api, incident):
        run = api.post(f"/api/v1/incidents/{incident.public_id}/runs/").json()

        assert api.post(f"{run['run_url']}cancel/").json()["status"] == "cancelled"
        assert api.get(f"/api/v1/analyze/{incident.public_id}").json()["error"]["code"] == "analysis_cancelled"

    def test_is_listed(self, api, incident):
        api.post(f"/api/v1/incidents/{incident.public_id}/runs/")

        assert api.get("/api/v1/runs/?status=queued").json()["count"] == 1
        assert api.get("/api/v1/runs/?status=failed").json()["count"] == 0

    def test_is_not_there_before_the_first_analysis(self, api, incident):
        assert api.get(f"/api/v1/analyze/{incident.public_id}").status_code == 404


class SchemaTests:
    def test_is_complete_and_without_a_warning(self, capsys):
        from django.core.management import call_command

        call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
