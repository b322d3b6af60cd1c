"""The linter over the database, as command, API and at the desk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from knowledge_base.linting import lint_document
from knowledge_base.models import KnowledgeDocument
from knowledge_base.shipped import load_shipped_knowledge

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

DEADLY = [{"text": "Look.", "command": "redis-cli MEMORY DIAGNOSE", "expect": "x"}]


def rules(document: KnowledgeDocument) -> list[str]:
    return [note.rule for note in lint_document(document)]


class NeighbourTests:
    def test_finds_a_near_duplicate_among_others(self, make_document):
        for number in range(40):
            make_document(f"other-{number}", title=f"Subject {number}", symptoms=[f"word{number} quite different"],
                          root_causes=[], diagnosis_steps=[])  # fmt: skip
        first = make_document("first-en", topic="a")
        second = make_document("second-en", topic="b")

        assert "near-duplicate" in rules(first)
        assert [note.other for note in lint_document(second) if note.rule == "near-duplicate"] == ["first-en"]

    def test_knows_the_translation_of_a_topic(self, make_document):
        english = make_document("a-en", topic="a")
        assert "missing-translation" in rules(english)

        make_document("a-ko", topic="a", language="ko", title="쓰기 거부")

        assert "missing-translation" not in rules(english)

    def test_finds_who_forbids_what_is_told_here(self, make_document):
        make_document("policy-en", title="What we never do", prevention=["Never run FLUSHALL."], symptoms=["An order."])
        told = make_document(
            "told-en",
            solutions=[{"text": "Warning: all is lost.", "command": "redis-cli FLUSHALL", "risk": "loses-data",
                        "verify": "empty", "undo": "None."}],
        )  # fmt: skip

        assert [note.other for note in lint_document(told) if note.rule == "contradiction"] == ["policy-en"]

    def test_asks_the_database_a_bounded_number_of_times(self, make_document, django_assert_max_num_queries):
        documents = [make_document(f"d{number}-en", topic="same") for number in range(60)]

        with django_assert_max_num_queries(15):
            lint_document(documents[0])


class CommandTests:
    def test_exits_with_1_on_errors_and_says_where(self, make_document, capsys):
        make_document(diagnosis_steps=DEADLY)

        with pytest.raises(SystemExit) as ended:
            call_command("lint_knowledge", "oom-en", language="en")

        assert ended.value.code == 1
        assert "dead-command diagnosis_steps[0].command" in capsys.readouterr().out

    def test_writes_json_and_ends_well_without_errors(self, make_document, capsys):
        make_document()

        call_command("lint_knowledge", "--json", language="ko")

        written = json.loads(capsys.readouterr().out)
        assert written["id"] == "oom-en"
        assert written["error_count"] == 0
        assert any("비어 있는" in note["text"] for note in written["notes"])


class ApiTests:
    def test_lints_what_is_sent_without_saving(self, client, bob):
        client.force_login(bob)
        body = {"title": "X", "category": "memory", "symptoms": ["s"], "diagnosis_steps": DEADLY}

        answer = client.post("/api/v1/knowledge/lint", body, content_type="application/json", HTTP_ACCEPT_LANGUAGE="en")

        assert answer.status_code == 200
        assert answer.json()["error_count"] == 1
        assert answer.json()["notes"][0]["place"] == "diagnosis_steps[0].command"
        assert not KnowledgeDocument.objects.exists()

    def test_what_is_no_document_is_said_field_by_field(self, client, bob):
        client.force_login(bob)

        answer = client.post("/api/v1/knowledge/lint", {"title": "X"}, content_type="application/json")

        assert answer.status_code == 400
        assert "category" in json.dumps(answer.json())

    def test_lints_one_that_is_there(self, client, bob, make_document):
        make_document(diagnosis_steps=DEADLY)
        client.force_login(bob)

        assert client.get("/api/v1/knowledge/oom-en/lint").json()["error_count"] == 1


class DeskTests:
    ADDRESS = "/admin/knowledge_base/knowledgedocument/oom-en/change/"

    def test_notes_stand_beside_their_field(self, client, carol, make_document):
        make_document(diagnosis_steps=DEADLY)
        client.force_login(carol)

        page = client.get(self.ADDRESS, HTTP_ACCEPT_LANGUAGE="en").content.decode()

        beside = page[page.index("field-diagnosis_steps") : page.index("field-related_metrics")]
        assert "MEMORY DIAGNOSE" in beside
        assert 'class="is-error"' in beside
        assert "1 error keeps the document from being published" in page

    def test_an_error_blocks_publishing_and_not_a_draft(self, client, carol, make_document):
        from tests.knowledge_base.test_admin import FORM

        make_document(status="draft")
        client.force_login(carol)
        form: dict[str, Any] = {**FORM, "diagnosis_steps": "1. Look.\n   ```sh\n   redis-cli MEMORY DIAGNOSE\n   ```"}

        assert client.post(self.ADDRESS, form).status_code == 302
        refused = client.post(self.ADDRESS.replace("/change/", "/publish/"))

        assert refused.status_code == 200
        assert "MEMORY DIAGNOSE" in refused.content.decode()
        assert KnowledgeDocument.objects.get().status == "draft"

    def test_a_form_that_comes_back_does_not_find_itself_as_a_duplicate(self, client, carol, make_document):
        from tests.knowledge_base.test_admin import FORM

        document = make_document()
        client.force_login(carol)

        page = client.post(
            self.ADDRESS, {**FORM, "title": document.title, "symptoms": document.symptoms[0], "severity": ""}
        )

        assert page.status_code == 200
        assert "near-duplicate" not in {note["rule"] for note in page.context["lint_notes"]}


def test_every_shipped_document_is_clean():
    load_shipped_knowledge()

    noted = [
        f"{document.pk} {note.place}: {note.text.en}"
        for document in KnowledgeDocument.objects.all()
        for note in lint_document(document)
    ]

    assert not noted, "\n".join(noted)
