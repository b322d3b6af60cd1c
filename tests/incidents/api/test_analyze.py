"""`analyze`, as a program uses it."""

from __future__ import annotations

import base64
import gzip
import threading

import pytest
from rest_framework.test import APIClient

from incidents import services
from incidents.models import Incident
from incidents.runs import tasks
from tests.incidents.standins import Scripted

URL = "/api/v1/analyze"


@pytest.fixture
def api(bob) -> APIClient:
    client = APIClient()
    client.force_authenticate(bob)
    return client


@pytest.fixture
def worker(monkeypatch):
    """A worker with a scripted analysis, in the place of this process' own."""
    started: list[tasks.RunWorker] = []

    def start(analyse=None) -> Scripted:
        analyse = analyse or Scripted()
        started.append(tasks.RunWorker(threads=2, analyse=analyse))
        started[0].start()
        monkeypatch.setattr(tasks, "_worker", started[0])
        return analyse

    yield start
    for each in started:
        each.stop()


@pytest.mark.django_db(transaction=True)
class AnalyzeTests:
    def test_waits_for_the_report(self, api, worker):
        worker()

        answer = api.post(URL, {"description": "Writes fail", "redis_info": "used_memory:1000"})

        incident = Incident.objects.get()
        assert answer.status_code == 200
        assert answer.json()["incident_id"] == incident.public_id
        assert answer.json()["severity"] == "critical"
        assert api.get(f"{URL}/{incident.public_id}").json() == answer.json()

    def test_answers_with_the_run_when_it_may_not_wait(self, api, worker):
        analyse = worker(Scripted(hold_at=0))

        answer = api.post(f"{URL}?wait=0", {"pasted": "x"})

        data = answer.json()
        assert answer.status_code == 202
        assert answer["Location"].endswith(data["run_url"].removeprefix("http://testserver"))
        assert api.get(data["run_url"]).json()["status"] in ("queued", "running")
        assert api.get(data["result_url"]).status_code == 202
        analyse.go.set()
        assert api.get(data["result_url"] + "?wait=5").status_code == 200

    def test_gives_up_waiting_in_time(self, api, worker):
        analyse = worker(Scripted(hold_at=0))

        answer = api.post(f"{URL}?wait=0.3", {"pasted": "x"})

        assert answer.status_code == 202
        analyse.go.set()

    def test_says_that_the_analysis_failed(self, api, worker):
        worker(Scripted(fail_at=0))

        answer = api.post(URL, {"pasted": "x"})

        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "analysis_failed"

    def test_hands_everything_to_the_analysis(self, api, worker):
        analyse = worker()
        packed = base64.b64encode(gzip.compress(b"a line")).decode()

        api.post(URL, {
            "timestamp": "2026-11-22T11:58:38", "error_logs": ["one", "two"], "metrics": {"ops": 1.5},
            "redis_info": {"redis_version": "7.2.4", "db0": {"keys": 1, "expires": 0}}, "redis_version": "7.2.4",
            "deployment_type": "cluster", "description": "d", "artifacts": {"slowlog": [[1, 2]], "config": "a b"},
            "files": [{"name": "a.log", "text": "x"}, {"name": "b.log.gz", "base64": packed}], "pasted": "p",
        })  # fmt: skip

        intake = analyse.calls[0]
        assert intake.error_logs == ("one", "two")
        assert intake.metrics == {"ops": 1.5}
        assert intake.redis_info == "redis_version:7.2.4\ndb0:keys=1,expires=0"
        assert intake.artifacts == {"slowlog": [[1, 2]], "config": "a b"}
        assert [(file.name, file.text) for file in intake.files] == [("a.log", "x"), ("b.log", "a line")]
        assert intake.pasted == ("p",)

    def test_writes_the_report_in_the_language_asked_for(self, api, worker):
        worker()

        asked = api.post(URL, {"pasted": "x", "language": "ko"}).json()
        followed = api.post(URL, {"pasted": "x"}, headers={"Accept-Language": "ko"}).json()
        default = api.post(URL, {"pasted": "x"}).json()

        assert [asked["language"], followed["language"], default["language"]] == ["ko", "ko", "en"]


@pytest.mark.django_db(transaction=True)
class IdempotencyTests:
    def test_gives_a_repeated_request_the_first_ones_run(self, api, worker):
        worker()
        first = api.post(URL, {"pasted": "x"}, headers={"Idempotency-Key": "k"})
        second = api.post(URL, {"pasted": "x"}, headers={"Idempotency-Key": "k"})

        assert first.json() == second.json()
        assert Incident.objects.count() == 1

    def test_refuses_the_same_key_for_something_else(self, api):
        api.post(f"{URL}?wait=0", {"pasted": "x"}, headers={"Idempotency-Key": "k"})

        answer = api.post(f"{URL}?wait=0", {"pasted": "y"}, headers={"Idempotency-Key": "k"})

        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "idempotency_key_reused"

    def test_keeps_people_apart(self, api, alice):
        other = APIClient()
        other.force_authenticate(alice)
        for client in (api, other):
            client.post(f"{URL}?wait=0", {"pasted": "x"}, headers={"Idempotency-Key": "k"})

        assert Incident.objects.count() == 2

    def test_holds_when_both_come_at_once(self, bob):
        from django.db import connection

        from incidents.diagnostics.intake import IncidentInput

        def begin() -> None:
            try:
                services.analyse_once(
                    intake=IncidentInput(pasted=("x",)), reporter=bob, language="en", key="k", request_hash="h"
                )
            finally:
                connection.close()

        threads = [threading.Thread(target=begin) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert Incident.objects.count() == 1


@pytest.mark.django_db
class RefusalTests:
    """Every refusal has one shape and names the field."""

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "non_field_errors"),
            ({"pasted": "   "}, "non_field_errors"),
            ({"metrics": "text"}, "metrics"),
            ({"error_logs": {"a": 1}}, "error_logs"),
            ({"error_logs": [1, 2]}, "error_logs"),
            ({"redis_info": 5}, "redis_info"),
            ({"files": [{"name": "x", "base64": "%%%"}]}, "files"),
            ({"files": [{"name": "x.png", "base64": base64.b64encode(b"\x89PNG\r\n" + bytes(99)).decode()}]}, "files"),
            ({"files": "x"}, "files"),
            ({"language": "fr", "pasted": "x"}, "language"),
            ({"timestamp": "x" * 65, "pasted": "x"}, "timestamp"),
            ({"pasted": "x" * 10_000_001}, "pasted"),
        ],
    )
    def test_names_the_field(self, api, body, field):
        answer = api.post(URL, body)

        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "invalid"
        assert field in error["fields"]
        assert Incident.objects.count() == 0

    @pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
    def test_reads_no_nonsense(self, api, body):
        answer = api.post(URL, body, content_type="application/json")

        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in ("parse_error", "invalid")

    def test_reads_no_body_beyond_all_measure(self, api, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

        answer = api.post(URL, {"pasted": "x" * 2000})

        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "too_large"

    def test_stores_what_databases_refuse(self, api):
        body = b'{"description": "\\u0000 \\ud800", "pasted": "\\u0000", "metrics": {"a": NaN}, "title": "\\udfff"}'

        answer = api.post(f"{URL}?wait=0", body, content_type="application/json")

        assert answer.status_code in (202, 400)

    def test_asks_for_a_number_of_seconds(self, api):
        assert api.post(f"{URL}?wait=soon", {"pasted": "x"}).json()["error"]["fields"] == {
            "wait": ["This must be a number of seconds."]
        }

    def test_knows_no_incident_that_is_not_there(self, api):
        answer = api.get(f"{URL}/INC-999999")

        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.django_db
class TokenTests:
    def test_logs_programs_in(self, bob):
        from rest_framework.authtoken.models import Token

        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=bob).key}")

        assert client.get("/api/v1/incidents/").status_code == 200

    def test_answers_strangers_with_401(self):
        answer = APIClient().get("/api/v1/incidents/")

        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "not_authenticated"
