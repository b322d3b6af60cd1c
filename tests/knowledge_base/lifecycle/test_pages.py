from __future__ import annotations

from typing import Any

import pytest

from knowledge_base.lifecycle import editing
from knowledge_base.lifecycle.models import (
    DocumentCitation,
    DocumentRevision,
    DocumentTransition,
    DocumentUse,
    Suggestion,
)
from knowledge_base.lifecycle.usage import note_cited, usage_of
from knowledge_base.models import KnowledgeDocument
from tests.conftest import make_person
from tests.knowledge_base.test_admin import FORM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

DESK = "/admin/knowledge_base/knowledgedocument/"


@pytest.fixture
def desk(client: Any, carol: Any) -> Any:
    client.force_login(carol)
    return client


def form_of(desk: Any, pk: str) -> dict[str, Any]:
    """The form as the browser would send it back."""
    form = desk.get(f"{DESK}{pk}/change/").context["adminform"].form
    values = {name: form[name].value() for name in form.fields if name != "applies_to"}
    return {**{name: "" if value is None else value for name, value in values.items()}, "applies_to_0": "",
            "applies_to_1": "", "applies_to_2": ""}  # fmt: skip


class FormTests:
    def test_saving_a_published_document_leaves_readers_their_text(self, desk, make_document):
        make_document("oom-en")

        desk.post(f"{DESK}oom-en/change/", {**FORM, "notes": "New.", "reason": "Seen last night."})

        assert KnowledgeDocument.objects.get().notes == ""
        newest = DocumentRevision.objects.get(number=2)
        assert (newest.content["notes"], newest.reason, newest.published_at) == ("New.", "Seen last night.", None)
        assert form_of(desk, "oom-en")["notes"] == "New."

    def test_a_text_in_review_is_shown_and_not_saved(self, desk, make_document):
        make_document("oom-en", status="in_review")

        page = desk.get(f"{DESK}oom-en/change/").content.decode()
        desk.post(f"{DESK}oom-en/change/", {**FORM, "notes": "New."})

        assert "<form" not in page[page.index("content-main") :].split("</main>")[0]
        assert KnowledgeDocument.objects.get().notes == ""

    def test_two_curators_lose_nothing(self, desk, make_document, alice):
        document = make_document("oom-en", status="draft")
        mine = form_of(desk, "oom-en")
        editing.edit_document(document=document, fields={"title": "Hers", "notes": "Her note."}, by=alice)

        answer = desk.post(f"{DESK}oom-en/change/", {**mine, "title": "Mine"})

        assert answer.status_code == 200
        assert "Hers" in answer.content.decode()
        again = {name: answer.context["adminform"].form[name].value() for name in ("overruled", "base_revision")}
        assert desk.post(f"{DESK}oom-en/change/", {**mine, **again, "title": "Mine"}).status_code == 302
        document.refresh_from_db()
        assert (document.title, document.notes) == ("Mine", "Her note.")

    def test_a_button_leads_on_to_the_step(self, desk, make_document):
        make_document("oom-en", status="draft")

        answer = desk.post(f"{DESK}oom-en/change/", {**FORM, "_submit": "1"})

        assert answer["Location"].endswith("/oom-en/step/submit/")


class StepPageTests:
    def test_asks_why_and_records_it(self, desk, make_document):
        make_document("oom-en")

        assert desk.get(f"{DESK}oom-en/step/archive/").status_code == 200
        assert desk.post(f"{DESK}oom-en/step/archive/", {"reason": ""}).status_code == 200
        assert desk.post(f"{DESK}oom-en/step/archive/", {"reason": "Replaced."}).status_code == 302

        assert DocumentTransition.objects.get().reason == "Replaced."

    @pytest.mark.parametrize("page", ["step/archive", "publish", "history", "compare", "rollback/1", "change"])
    def test_is_for_curators(self, client, bob, make_document, page):
        make_document("oom-en")
        client.force_login(bob)

        assert client.get(f"{DESK}oom-en/{page}/").status_code in (302, 403)

    def test_publishing_shows_what_changes_and_the_contracts(self, desk, make_document, carol):
        document = make_document("oom-en", questions=["OOM command not allowed"])
        editing.edit_document(document=document, fields={"notes": "A new note."}, by=carol)

        first = desk.get(f"{DESK}oom-en/publish/").content.decode()
        page = desk.get(f"{DESK}oom-en/publish/?contracts=1").content.decode()
        answer = desk.post(f"{DESK}oom-en/publish/", {"reason": "Better."})

        assert "<ins>A new note.</ins>" in first
        assert "recall@5" not in first  # dozens of searches, which the page asks for once it stands
        assert 'hx-get="?contracts=1"' in first
        assert "recall@5" in page
        assert 'hx-get="?contracts=1"' not in page
        assert answer.status_code == 302
        assert KnowledgeDocument.objects.get().notes == "A new note."

    def test_the_author_is_told_that_somebody_else_publishes(self, desk, make_document, carol):
        make_person("dora", role="curator")
        document = make_document("oom-en", status="draft")
        editing.edit_document(document=document, fields={"notes": "Mine."}, by=carol)

        answer = desk.post(f"{DESK}oom-en/publish/")

        assert "somebody else has to publish it" in answer.content.decode()
        assert KnowledgeDocument.objects.get().status == "draft"

    def test_history_leads_to_a_comparison_and_back(self, desk, make_document, carol):
        document = make_document("oom-en", status="draft", notes="good")
        editing.edit_document(document=document, fields={"notes": "bad"}, by=carol, reason="Tried.")

        assert "Tried." in desk.get(f"{DESK}oom-en/history/").content.decode()
        assert "<del>good</del>" in desk.get(f"{DESK}oom-en/compare/?from=1&to=2").content.decode()
        assert desk.post(f"{DESK}oom-en/rollback/1/", {"reason": "It was right."}).status_code == 302
        assert KnowledgeDocument.objects.get().notes == "good"

    @pytest.mark.parametrize("query", ["?from=x&to=y", "?to=99999999999999999999", "?from=7"])
    def test_odd_revisions_are_no_fault(self, desk, make_document, query):
        make_document("oom-en")

        assert desk.get(f"{DESK}oom-en/compare/{query}").status_code == 200


class WorklistTests:
    def test_counts_what_waits(self, desk, make_document, bob):
        make_document("review", status="in_review")
        make_document("due", review_by="2020-01-01")
        document = make_document("plain")
        Suggestion.objects.create(
            document=document, base_number=1, content=document.content(), note="Wrong.", author=bob
        )

        answer = desk.get(f"{DESK}worklist/")

        counts = answer.context["work"].counts
        assert (counts.in_review, counts.due, counts.suggestions, counts.total) == (1, 1, 1, 3)
        assert "Wrong." in answer.content.decode()

    def test_retrieval_page_tries_a_question_with_its_reasons(self, desk, make_document):
        make_document("oom-en")

        page = desk.get(f"{DESK}retrieval/", {"q": "OOM command not allowed", "threshold": "0.9"}).content.decode()

        assert "Redis refuses writes" in page
        assert "oom" in page
        assert desk.get(f"{DESK}retrieval/", {"q": "x", "threshold": "seven"}).status_code == 200


class SuggestionTests:
    FIELDS = {
        "title": "Writes refused", "symptoms": "OOM command not allowed", "root_causes": "", "diagnosis_steps": "",
        "solutions": "", "prevention": "", "notes": "", "note": "The limit is wrong.", "incident": "INC-000001",
    }  # fmt: skip

    def test_an_operator_suggests_and_reads_the_answer(self, client, desk, make_document, bob, carol):
        make_document("oom")
        client.force_login(bob)
        assert client.get("/knowledge/oom/suggest/?incident=INC-000001").status_code == 200
        assert client.post("/knowledge/oom/suggest/", self.FIELDS).status_code == 302
        suggestion = Suggestion.objects.get()
        address = f"/admin/knowledge_base/suggestion/{suggestion.pk}/change/"

        client.force_login(carol)
        assert "<ins>" in client.get(address).content.decode()
        assert client.post(address, {"decline": "1", "answer": ""}).status_code == 200
        client.post(address, {"decline": "1", "answer": "It is right for version 7."})

        client.force_login(bob)
        assert "It is right for version 7." in client.get("/knowledge/oom/").content.decode()
        assert KnowledgeDocument.objects.get().title != "Writes refused"

    def test_accepted_it_is_a_draft_in_its_authors_name(self, client, make_document, bob, carol):
        make_document("oom")
        client.force_login(bob)
        client.post("/knowledge/oom/suggest/", self.FIELDS)
        client.force_login(carol)

        client.post(f"/admin/knowledge_base/suggestion/{Suggestion.objects.get().pk}/change/", {"accept": "1"})

        newest = DocumentRevision.objects.get(number=2)
        assert (newest.author, newest.source, newest.content["title"]) == (bob, "suggested", "Writes refused")
        assert "The limit is wrong." in newest.reason
        assert KnowledgeDocument.objects.get().title != "Writes refused"

    @pytest.mark.parametrize("change", [{"note": ""}, {"incident": "<x>"}, {"title": ""}])
    def test_what_cannot_be_used_is_said_and_the_text_kept(self, client, make_document, bob, change):
        make_document("oom")
        client.force_login(bob)

        answer = client.post("/knowledge/oom/suggest/", {**self.FIELDS, "symptoms": "typed by hand", **change})

        assert answer.status_code == 200
        assert "typed by hand" in answer.content.decode()
        assert not Suggestion.objects.exists()


class ReaderTests:
    def test_readers_see_the_history_without_drafts(self, client, make_document, bob, carol):
        document = make_document("oom")
        editing.edit_document(document=document, fields={"notes": "secret draft"}, by=carol, reason="Not yet.")
        client.force_login(bob)

        page = client.get("/knowledge/oom/history/").content.decode()

        assert "Not yet." not in page
        assert client.get("/knowledge/oom/history/?revision=2").status_code == 404
        assert client.get("/knowledge/oom/history/?revision=1").status_code == 200

    def test_use_is_counted(self, client, make_document, bob):
        document = make_document("oom")
        client.force_login(bob)
        client.get("/knowledge/oom/")
        client.get("/knowledge/oom/?q=oom")
        client.get("/knowledge/oom/?q=oom")
        note_cited(document_ids=["oom", "gone"], run_id=7, incident="INC-000007")
        note_cited(document_ids=["oom"], run_id=7, incident="INC-000007")

        usage = usage_of(document)

        assert (usage.opened, usage.found, usage.cited) == (3, 2, 1)
        assert DocumentUse.objects.count() == 2
        assert DocumentCitation.objects.get().incident == "INC-000007"
