"""The end of an incident for programs."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from incidents.closing.models import IncidentCase
from knowledge_base.feedback.models import Feedback
from knowledge_base.models import KnowledgeDocument


@pytest.fixture
def api(bob):
    client = APIClient()
    client.force_authenticate(bob)
    return client


def address(incident, rest: str) -> str:
    return f"/api/v1/incidents/{incident.public_id}/{rest}"


class ClosingTests:
    def test_close_read_and_reopen(self, api, analysed, bob):
        incident = analysed()
        said = {"resolution": "Raised maxmemory", "diagnosis_right": "yes",
                "follow_ups": [{"text": "Alert", "owner": "bob", "due": "2026-12-24"}]}  # fmt: skip

        closed = api.put(address(incident, "closing/"), said, format="json")

        assert closed.status_code == 200, closed.json()
        assert closed.json()["said_category"] == "memory"
        assert closed.json()["case"] == IncidentCase.objects.get().document_id
        assert api.get(address(incident, "closing/")).json()["resolution"] == "Raised maxmemory"
        assert api.get(address(incident, "follow-ups/")).json()[0]["owner"] == "bob"
        assert api.delete(address(incident, "closing/"), {"reason": "Back"}, format="json").status_code == 204
        assert api.get(address(incident, "closing/")).status_code == 404

    def test_the_older_way_by_patch_closes_too(self, api, analysed):
        incident = analysed()

        api.patch(address(incident, ""), {"status": "resolved", "resolution": "Raised it"}, format="json")

        assert api.get(address(incident, "closing/")).json()["resolution"] == "Raised it"

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"diagnosis_right": "perhaps"}, "diagnosis_right"),
            ({"diagnosis_right": "no", "actual_cause": "x"}, "actual_cause"),
            ({"follow_ups": [{"text": "x", "owner": "nobody-here"}]}, "follow_ups"),
            ({"resolution": ["x"]}, "resolution"),
        ],
    )
    def test_says_which_field_is_wrong(self, api, analysed, said, field):
        answer = api.put(address(analysed(), "closing/"), said, format="json")

        assert answer.status_code == 400
        assert field in answer.json()["error"]["fields"]

    def test_ticks_a_task(self, api, analysed):
        incident = analysed()
        [task] = api.post(address(incident, "follow-ups/"), {"text": "Alert"}, format="json").json()

        ticked = api.patch(address(incident, f"follow-ups/{task['id']}/"), {"done": True}, format="json").json()

        assert ticked["done_by"] == "bob"


class PostMortemTests:
    def test_begin_save_and_meet_a_conflict(self, api, analysed):
        incident = analysed()
        assert api.get(address(incident, "post-mortem/ko/")).status_code == 404
        begun = api.post(address(incident, "post-mortem/ko/")).json()
        assert begun["body"].startswith("# 사후 분석 보고서")

        saved = api.put(address(incident, "post-mortem/ko/"), {"body": "# A", "version": 1}, format="json")
        late = api.put(address(incident, "post-mortem/ko/"), {"body": "# B", "version": 1}, format="json")

        assert saved.json()["version"] == 2
        assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
        assert api.get(address(incident, "post-mortem/ko/")).json()["body"] == "# A\n"

    @pytest.mark.parametrize("rest", ["report.pdf?language=ko", "post-mortem/en/post-mortem.pdf"])
    def test_files(self, api, analysed, rest):
        incident = analysed()
        api.post(address(incident, "post-mortem/en/"))

        answer = api.get(address(incident, rest))

        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")


class FeedbackTests:
    def test_on_a_document(self, api, db):
        KnowledgeDocument.objects.create(id="kb-oom", title="OOM", category="memory")
        url = "/api/v1/knowledge/kb-oom/feedback"

        given = api.put(url, {"verdict": "helped", "why": "Right order"}, format="json").json()

        assert (given["helped"], given["own"]["verdict"], given["said"]) == (1, "helped", [])
        assert given["shift"] > 0
        assert api.put(url, {"verdict": "wrong"}, format="json").json()["error"]["fields"]["why"]
        assert api.delete(url).status_code == 204
        assert api.get(url).json()["helped"] == 0

    def test_on_a_report(self, api, analysed):
        url = f"/api/v1/runs/{analysed().latest_run.pk}/feedback/"

        assert api.put(url, {"verdict": "wrong"}, format="json").status_code == 400
        assert api.put(url, {"verdict": "wrong", "why": "It was DNS"}, format="json").json()["why"] == "It was DNS"
        assert [one["user"] for one in api.get(url).json()] == ["bob"]
        assert api.delete(url).status_code == 204
        assert api.get(url).json() == []
        assert not Feedback.objects.counted().exists()
