"""Pages as a plain browser sees them, without JavaScript."""

from __future__ import annotations

import gzip

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident
from incidents.runs.execution import execute_run
from incidents.samples import SAMPLES
from tests.incidents.standins import Scripted

pytestmark = pytest.mark.django_db
NEW = "/incidents/new/"


@pytest.fixture
def portal(client, bob):
    client.force_login(bob)
    return client


@pytest.fixture
def incident(bob) -> Incident:
    intake = IncidentInput(description="Writes fail", pasted=("# Memory\nused_memory:1000\nmaxmemory:1000",))
    return services.create_incident(intake=intake, reporter=bob, language="en")


def analysed(incident: Incident, bob, analyse=None) -> Incident:
    run = services.start_analysis(incident=incident, actor=bob)
    list(execute_run(run=run, worker="w", analyse=analyse or Scripted()))
    return incident


def submit(portal, **fields):
    return portal.post(NEW, {"language": "en", **fields})


class NewIncidentTests:
    def test_leads_to_the_page_of_the_incident(self, portal):
        answer = submit(portal, description="Writes fail", pasted="used_memory:1\r\nmaxmemory:1")

        incident = Incident.objects.get()
        assert answer.status_code == 302
        assert answer["Location"] == f"/incidents/{incident.public_id}/"
        assert incident.evidence.get().text == "used_memory:1\nmaxmemory:1"
        assert incident.runs.count() == 1

    def test_keeps_all_fields_of_the_mission(self, portal):
        submit(
            portal, timestamp="2026-11-22 03:12", deployment_type="cluster", redis_version="7.2.4",
            redis_info="used_memory:1", error_logs="line 1\nline 2", metrics='{"ops": 5}', description="d",
        )  # fmt: skip

        incident = Incident.objects.get()
        assert (incident.timestamp, incident.deployment_type, incident.redis_version) == (
            "2026-11-22 03:12", "cluster", "7.2.4",
        )  # fmt: skip
        assert [item.origin for item in incident.evidence.all()] == ["error_logs", "metrics", "redis_info"]

    def test_reads_metrics_as_lines_and_loses_none_that_are_neither(self, portal):
        submit(portal, metrics="ops: 5\nhit_rate=0.5", description="lines")
        submit(portal, metrics="just some words", description="words")

        lines, words = Incident.objects.order_by("id")
        assert "hit_rate" in lines.evidence.get().text
        assert words.evidence.get().origin == "pasted"

    def test_keeps_what_was_typed_when_something_is_missing(self, portal):
        answer = submit(portal, timestamp="2026-11-22", redis_version="7.2.4")

        assert answer.status_code == 422
        page = answer.content.decode()
        assert 'value="7.2.4"' in page
        assert "nothing to analyse yet" in page
        assert Incident.objects.count() == 0


class UploadTests:
    def upload(self, portal, *files: SimpleUploadedFile, **fields):
        return submit(portal, files=list(files), **fields)

    @pytest.mark.parametrize(
        ("name", "content", "sentence"),
        [
            ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a text file"),
            ("dump.rdb", b"REDIS0011" + b"\x00" * 50, "RDB dump"),
            ("empty.log", b"  \n", "is empty"),
            ("big.log", b"x" * 10_000_001, "one text may have up to"),
            ("broken.gz", b"\x1f\x8b\x08broken", "damaged"),
        ],
    )
    def test_says_in_one_sentence_what_is_wrong_and_keeps_what_was_typed(self, portal, name, content, sentence):
        answer = self.upload(portal, SimpleUploadedFile(name, content), description="typed <before>", pasted="a log")

        page = answer.content.decode()
        assert answer.status_code == 422
        assert sentence in page
        assert "typed &lt;before&gt;" in page
        assert "a log</textarea>" in page

    def test_takes_korean_in_cp949(self, portal):
        self.upload(portal, SimpleUploadedFile("log.txt", "메모리가 부족합니다\n".encode("cp949")))

        assert Incident.objects.get().evidence.get().text == "메모리가 부족합니다\n"

    def test_unpacks_what_is_compressed(self, portal):
        self.upload(portal, SimpleUploadedFile("server.log.gz", gzip.compress(b"a line")))

        assert (Incident.objects.get().evidence.get().name, Incident.objects.get().evidence.get().text) == (
            "server.log", "a line",
        )  # fmt: skip

    def test_takes_many_files(self, portal):
        files = [SimpleUploadedFile(f"node-{port}.log", b"a line") for port in (7001, 7002)]

        self.upload(portal, *files)

        assert Incident.objects.get().evidence.count() == 2

    def test_reads_text_with_nul_bytes_and_giant_lines(self, portal):
        answer = submit(portal, pasted="x" * 2_000_000 + "\x00tail")

        assert answer.status_code == 302
        assert Incident.objects.get().evidence.get().text.endswith("\ufffdtail")

    def test_refuses_a_paste_beyond_the_limit_and_gives_it_back(self, portal):
        answer = submit(portal, pasted="x" * 10_000_001, description="kept")

        assert answer.status_code == 422
        assert b"one text may have up to" in answer.content
        assert b"x" * 10_000_001 in answer.content

    def test_answers_a_form_beyond_all_measure_with_a_page(self, portal, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

        answer = submit(portal, pasted="x" * 2000)

        assert answer.status_code == 400
        assert b"could not read" in answer.content


class RecogniseTests:
    def test_says_what_was_pasted_and_offers_what_it_found(self, portal):
        answer = portal.post("/incidents/recognise/", {"pasted": "# Server\nredis_version:7.2.4\nredis_mode:cluster\n"})

        page = answer.content.decode()
        assert "INFO" in page
        assert 'data-fills="id_redis_version">7.2.4' in page

    def test_has_a_word_for_nothing(self, portal):
        assert portal.post("/incidents/recognise/", {}).status_code == 200


class IncidentPageTests:
    def test_shows_the_whole_report_without_javascript(self, portal, incident, bob):
        page = portal.get(analysed(incident, bob).get_absolute_url()).content.decode()

        assert "Memory is full; writes fail." in page
        assert "used_memory:1000" in page
        assert "CONFIG GET maxmemory-policy" in page
        assert "word0 word1 word2" in page
        assert 'data-part="0"' in page
        assert "?run=" not in page

    def test_goes_on_from_the_last_event_that_it_shows(self, portal, incident, bob):
        run = services.start_analysis(incident=incident, actor=bob)
        rows = execute_run(run=run, worker="w", analyse=Scripted())
        next(rows), next(rows)

        page = portal.get(incident.get_absolute_url()).content.decode()

        assert f"/live?run={run.pk}&amp;after=2." in page
        assert 'http-equiv="refresh"' in page
        rows.close()

    def test_escapes_hostile_evidence_everywhere(self, portal, bob):
        hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        intake = IncidentInput(description=hostile, pasted=(hostile,), redis_version=hostile[:40])
        incident = services.create_incident(intake=intake, reporter=bob, language="en", title=hostile)
        services.start_analysis(incident=incident, actor=bob)

        for address in (incident.get_absolute_url(), incident.evidence.get().get_absolute_url(), "/incidents/"):
            page = portal.get(address).content.decode()
            assert "<script>alert" not in page
            assert "<img src=x" not in page

    def test_shows_what_more_evidence_changed(self, portal, incident, bob):
        analysed(incident, bob)
        portal.post(reverse("evidence-add", args=[incident.pk]), {"pasted": "maxmemory_policy:noeviction"})
        list(execute_run(run=incident.latest_run, worker="w", analyse=Scripted(words=0)))

        page = portal.get(incident.get_absolute_url()).content.decode()

        assert "Compared with the run before" in page
        assert incident.evidence.count() == 2

    def test_keeps_evidence_that_could_not_be_added(self, portal, incident):
        answer = portal.post(reverse("evidence-add", args=[incident.pk]), {"pasted": "  "})

        assert answer.status_code == 422
        assert b"nothing to analyse yet" in answer.content

    def test_takes_the_output_of_a_command_that_the_report_asked_for(self, portal, incident):
        gap = {"gap:redis-cli SLOWLOG GET 25": "1) 1) (integer) 3\n", "gap:redis-cli INFO": " "}

        portal.post(reverse("evidence-add", args=[incident.pk]), {"pasted": "", **gap})

        newest = incident.evidence.order_by("-sequence").first()
        assert newest.text == "$ redis-cli SLOWLOG GET 25\n1) 1) (integer) 3\n"
        assert newest.kind == "slowlog"

    def test_adds_evidence_beside_a_run_under_way(self, portal, incident, bob):
        services.start_analysis(incident=incident, actor=bob)

        page = portal.post(reverse("evidence-add", args=[incident.pk]), {"pasted": "more"}, follow=True)

        assert b"does not see it" in page.content
        assert incident.runs.count() == 1

    def test_shows_an_earlier_run_as_it_was(self, portal, incident, bob):
        analysed(incident, bob)
        first = incident.latest_run
        analysed(incident, bob)

        page = portal.get(first.get_absolute_url()).content.decode()

        assert "This is an earlier analysis" in page

    def test_changes_status_and_keeps_what_fixed_it(self, portal, incident):
        fields = {"status": "resolved", "resolution": "Raised maxmemory", "diagnosis_right": "yes"}
        portal.post(reverse("incident-status", args=[incident.pk]), fields)

        page = portal.get(incident.get_absolute_url()).content.decode()

        assert "Raised maxmemory" in page
        assert Incident.objects.get().status == "resolved"

    def test_is_taken_and_let_go(self, portal, incident, bob):
        portal.post(reverse("incident-assign", args=[incident.pk]), {"take": "1"})
        assert Incident.objects.get().assignee == bob

        portal.post(reverse("incident-assign", args=[incident.pk]))
        assert Incident.objects.get().assignee is None


class EvidencePageTests:
    def test_leads_from_a_quote_to_its_line(self, portal, incident):
        find = reverse("evidence-find", args=[incident.pk])

        answer = portal.get(find, {"text": "maxmemory:1000", "source": "INFO", "line": "3"})

        assert answer["Location"] == f"/incidents/{incident.public_id}/evidence/1/?line=3#L3"

    def test_says_so_when_the_line_is_not_there(self, portal, incident):
        answer = portal.get(reverse("evidence-find", args=[incident.pk]), {"text": "nowhere"}, follow=True)

        assert b"could not be found" in answer.content

    def test_shows_a_window_of_a_long_log(self, portal, bob):
        text = "\n".join(f"line {number}" for number in range(1, 100_001))
        incident = services.create_incident(intake=IncidentInput(pasted=(text,)), reporter=bob, language="en")

        answer = portal.get(incident.evidence.get().get_absolute_url(), {"line": "50000"})

        assert b'id="L50000" value="50000" class="is-marked"' in answer.content
        assert len(answer.content) < 100_000

    def test_delivers_rows_of_what_matches(self, portal, bob):
        text = "\n".join(f"line {number}" for number in range(1, 10_001))
        incident = services.create_incident(intake=IncidentInput(pasted=(text,)), reporter=bob, language="en")

        rows = reverse("evidence-rows", args=[incident.pk, 1])
        page = portal.get(rows, {"q": "99", "start": "5", "count": "2"}).content.decode()

        assert page.count("<li ") == 2
        assert 'id="L599"' in page  # 99, 199, 299, 399, 499, 599

    def test_gives_lines_to_copy_and_a_map(self, portal, incident):
        text = portal.get(reverse("evidence-text", args=[incident.pk, 1]), {"first": "2", "last": "3"})
        strip = portal.get(reverse("evidence-map", args=[incident.pk, 1]))

        assert text.content.decode() == "\n".join(incident.evidence.get().text.split("\n")[1:3])
        assert b"log-strip" in strip.content

    def test_says_so_when_a_time_cannot_be_read(self, portal, incident):
        page = portal.get(incident.evidence.get().get_absolute_url(), {"since": "noon"}).content.decode()

        assert "“noon” is no time that can be read" in page

    @pytest.mark.parametrize(
        "query", ["?line=x", "?line=99999999999999999999", "?start=-1", "?start=0", "?line=0", "?start=99999"]
    )
    def test_takes_nonsense_for_the_beginning_or_the_end(self, portal, incident, query):
        assert portal.get(incident.evidence.get().get_absolute_url() + query).status_code == 200


class IncidentListTests:
    def test_finds_by_words_number_and_filters(self, portal, incident, bob):
        analysed(incident, bob)
        services.create_incident(intake=IncidentInput(description="Failover"), reporter=bob, language="en")

        def found(query: str) -> int:
            return portal.get(f"/incidents/?{query}").context["page"].total

        assert found("") == 2
        assert found("q=writes") == 1
        assert found(f"q={incident.public_id}") == 1
        assert found("severity=critical") == 1
        assert found("category=memory&status=unresolved") == 1
        assert found("assignee=me") == 0
        assert found("status=nonsense") == 2
        assert found("q=%00") == 0

    def test_gives_only_the_table_to_htmx(self, portal, incident):
        page = portal.get("/incidents/", headers={"HX-Request": "true"}).content.decode()

        assert "<html" not in page
        assert incident.title in page

    def test_asks_few_questions_whatever_the_number(self, portal, bob, django_assert_max_num_queries):
        for number in range(40):
            services.create_incident(intake=IncidentInput(description=f"n {number}"), reporter=bob, language="en")

        with django_assert_max_num_queries(11):
            portal.get("/incidents/")


class TokenPageTests:
    def test_shows_the_key_once(self, portal):
        made = portal.post("/account/token/", follow=True).content.decode()
        again = portal.get("/account/token/").content.decode()

        key = portal.get("/account/token/").context["current"].key
        assert key in made
        assert key not in again

    def test_revokes(self, portal):
        portal.post("/account/token/")

        portal.post("/account/token/", {"revoke": "1"})

        assert portal.get("/account/token/").context["current"] is None


class PreferenceTests:
    def test_keeps_the_language_in_a_cookie(self, portal):
        portal.post("/language/", {"language": "ko", "next": "/incidents/"})

        assert '<html lang="ko"' in portal.get("/incidents/").content.decode()

    def test_follows_the_browser_at_first(self, client):
        page = client.get("/login/", headers={"Accept-Language": "ko-KR,ko;q=0.9"}).content.decode()

        assert '<html lang="ko"' in page

    def test_keeps_the_theme_and_leads_nowhere_else(self, portal):
        answer = portal.post("/account/theme/", {"theme": "dark", "next": "https://evil.example/"})

        assert answer["Location"] == "/"
        assert 'data-theme="dark"' in portal.get("/incidents/").content.decode()


class ErrorPageTests:
    @pytest.mark.parametrize(
        "address", ["/incidents/INC-999999/", "/nowhere/", "/incidents/INC-000001/runs/99999999999999999999999/"]
    )
    def test_tells_what_is_not_there(self, portal, address):
        answer = portal.get(address)

        assert answer.status_code == 404
        assert b"nothing at this address" in answer.content

    def test_tells_who_may_not(self, client, mallory):
        client.force_login(mallory)

        assert b"not open to you" in client.get("/incidents/").content


class DocsTests:
    def test_shows_every_operation(self, client):
        page = client.get("/api/docs/").content.decode()

        assert "/api/v1/analyze" in page
        assert "redis_info" in page


class SampleTests:
    def test_are_offered_while_the_portal_is_empty(self, portal):
        page = portal.get("/incidents/").content.decode()

        assert page.count("/incidents/samples/") == 3

    @pytest.mark.parametrize("name", SAMPLES)
    def test_become_an_incident_in_the_words_of_the_reader(self, portal, name):
        answer = portal.post(f"/incidents/samples/{name}/", headers={"accept-language": "ko"})

        incident = Incident.objects.get()
        assert answer["Location"] == incident.get_absolute_url()
        assert incident.language == "ko"
        assert incident.evidence.exists()
        assert incident.runs.count() == 1

    def test_that_nobody_knows_are_not_found(self, portal):
        assert portal.post("/incidents/samples/nix/").status_code == 404
