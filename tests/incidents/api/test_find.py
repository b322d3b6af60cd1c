"""The search over everything, for programs; and filters of the list that tell what they do not know."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(bob) -> APIClient:
    client = APIClient()
    client.force_authenticate(bob)
    return client


@pytest.fixture
def incident(bob) -> Incident:
    intake = IncidentInput(description="Pumpernickel fails with <b>OOM</b>")
    return services.create_incident(intake=intake, reporter=bob, language="en")


class FindTests:
    def test_finds_by_words_with_marks(self, api, incident):
        found = api.get("/api/v1/find/", {"q": "pumpernickel"}).json()

        assert (found["incident_count"], found["incidents"][0]["id"]) == (1, incident.public_id)
        assert [piece["text"] for piece in found["incidents"][0]["snippet"] if piece["is_marked"]] == ["Pumpernickel"]

    def test_knows_ids(self, api, incident):
        assert api.get("/api/v1/find/", {"q": incident.public_id}).json()["exact"] == incident.get_absolute_url()
        assert api.get("/api/v1/find/", {"q": "mem-maxmemory-pressure"}).json()["rules"][0]["id"] == (
            "mem-maxmemory-pressure"
        )

    def test_wants_words(self, api):
        assert api.get("/api/v1/find/", {"q": " "}).status_code == 400

    def test_is_for_people_with_a_role(self, mallory, incident):
        client = APIClient()
        client.force_authenticate(mallory)

        assert client.get("/api/v1/find/", {"q": "pumpernickel"}).status_code == 403


class ListFilterTests:
    def test_are_combined(self, api, incident):
        answer = api.get("/api/v1/incidents/", {"status": "open,mitigated", "q": "pumper", "reporter": "me"})

        assert [row["incident_id"] for row in answer.json()["results"]] == [incident.public_id]

    def test_tell_what_is_not_known(self, api):
        answer = api.get("/api/v1/incidents/", {"status": "opne"})

        assert answer.status_code == 400
        assert "opne" in answer.content.decode()
