"""One search over incidents, knowledge and rules, as a page, as suggestions, and for those who may see little."""

from __future__ import annotations

import pytest

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.finding.highlighting import LENGTH, snippet_of
from incidents.models import Incident
from knowledge_base.models import KnowledgeDocument

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(client, bob):
    client.force_login(bob)
    return client


@pytest.fixture
def incident(bob) -> Incident:
    intake = IncidentInput(description="결제 세션을 저장하지 못합니다", pasted=("pumpernickel <b>evil</b> line",))
    return services.create_incident(intake=intake, reporter=bob, language="ko")


@pytest.fixture
def document(db) -> KnowledgeDocument:
    return KnowledgeDocument.objects.create(
        pk="kb-pumpernickel", title="Pumpernickel eviction", kind="runbook", language="en", category="memory",
        severity="high", status="published", symptoms=["Pumpernickel rises"],
    )  # fmt: skip


def text(answer) -> str:
    return answer.content.decode()


class SnippetTests:
    def marked(self, query: str, *texts: str) -> list[str]:
        return [piece.text for piece in snippet_of(query, texts).pieces if piece.is_marked]

    def test_marks_words_by_stem_and_syllables(self):
        assert self.marked("failing replica", "Replicas failed over") == ["Replicas", "failed"]
        assert self.marked("메모리", "메모리가 가득 찼습니다") == ["메모리가"]
        assert self.marked("maxmem", "maxmemory reached") == ["maxmemory"]

    def test_takes_the_text_with_most_of_the_words(self):
        snippet = snippet_of("oom writes", ["oom only", "writes fail with oom"])

        assert snippet.text == "writes fail with oom"
        assert snippet.marks == 2

    def test_is_cut_around_the_place(self):
        snippet = snippet_of("needle", ["hay " * 2_000 + "needle " + "hay " * 2_000])

        assert "needle" in snippet.text
        assert len(snippet.text) < LENGTH + 10

    @pytest.mark.parametrize("query", ["", "(((", "İ", "\u0000", "a" * 1000])
    def test_survives_any_query(self, query):
        snippet_of(query, ["İstanbul ﬁne text", "", "x" * 100_000])


class SearchPageTests:
    def test_finds_incidents_documents_and_rules(self, portal, incident, document):
        page = text(portal.get("/search/?q=pumpernickel"))

        assert incident.get_absolute_url() in page
        assert "/knowledge/kb-pumpernickel/" in page
        assert "mem-maxmemory-pressure" in text(portal.get("/search/?q=maxmemory"))

    def test_marks_words_and_escapes_the_rest(self, portal, incident):
        page = text(portal.get("/search/?q=pumpernickel"))

        assert "<mark>pumpernickel</mark> &lt;b&gt;evil" in page
        assert "<script>" not in text(portal.get("/search/?q=<script>alert(1)</script>"))

    @pytest.mark.parametrize("query", ["mem-maxmemory-pressure", "kb-pumpernickel"])
    def test_an_id_leads_straight_there(self, portal, document, query):
        assert query in portal.get("/search/", {"q": query})["Location"]

    def test_a_number_leads_to_its_incident(self, portal, incident):
        for query in (incident.public_id, incident.public_id.lower(), f"#{incident.pk}"):
            assert portal.get("/search/", {"q": query})["Location"] == incident.get_absolute_url()
        assert portal.get("/search/", {"q": "INC-999999"}).status_code == 200

    def test_answers_htmx_with_the_results_alone(self, portal, incident):
        page = text(portal.get("/search/?q=pumpernickel", headers={"HX-Request": "true"}))

        assert "<html" not in page
        assert incident.get_absolute_url() in page

    def test_says_so_when_nothing_fits(self, portal):
        assert "Nothing here has these words" in text(portal.get("/search/?q=zzzzqqqq"))

    def test_shows_nothing_to_people_without_a_role(self, client, mallory, incident, document):
        client.force_login(mallory)

        for address in ("/search/?q=pumpernickel", "/search/suggest/?q=pumpernickel"):
            page = text(client.get(address))
            assert incident.public_id not in page
            assert "kb-pumpernickel" not in page
        assert client.get(f"/search/?q={incident.public_id}").status_code == 200

    def test_a_draft_is_no_result(self, portal, document):
        document.status = "draft"
        document.save()

        assert "kb-pumpernickel/" not in text(portal.get("/search/?q=pumpernickel"))
        assert "kb-pumpernickel/" not in text(portal.get("/search/suggest/?q=pumpernickel"))


class SuggestionTests:
    def test_follow_unfinished_words(self, portal, incident, document):
        page = text(portal.get("/search/suggest/?q=pumper"))

        assert incident.get_absolute_url() in page
        assert "/knowledge/kb-pumpernickel/" in page

    def test_offer_what_can_be_done_with_the_incident_on_the_screen(self, portal, incident):
        at = incident.get_absolute_url()

        assert "Take it" in text(portal.get("/search/suggest/", {"q": "", "at": at}))
        page = text(portal.get("/search/suggest/", {"q": "mitig", "at": at}))
        assert "Set status: Mitigated" in page
        assert "Take it" not in page
        assert "Take it" not in text(portal.get("/search/suggest/", {"q": "", "at": "/incidents/"}))

    def test_ask_few_questions(self, portal, incident, document, django_assert_max_num_queries):
        with django_assert_max_num_queries(14):
            portal.get("/search/suggest/", {"q": "pumper", "at": incident.get_absolute_url()})
