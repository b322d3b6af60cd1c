from __future__ import annotations

from typing import Any

import pytest

from knowledge_base.models import GlossaryEntry, IndexTask, KnowledgeDocument

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

DESK = "/admin/knowledge_base/knowledgedocument/"
FORM = {
    "id": "oom-en", "title": "Writes refused", "kind": "runbook", "category": "memory", "severity": "high",
    "language": "en", "topic": "", "status": "published", "symptoms": "OOM command not allowed\n\nwrites fail\n",
    "questions": "", "tags": "oom\nmaxmemory", "root_causes": "", "related_metrics": "", "prevention": "",
    "diagnosis_steps": "1. Look.\n   ```sh\n   redis-cli INFO memory\n   ```\n   Expect: below 80 %.\n2. Ask.",
    "solutions": "1. [blocks] Delete.\n   Verify: smaller.", "notes": "", "preconditions": "", "sources": "",
    "applies_to_0": "redis, valkey", "applies_to_1": ">=6.0", "applies_to_2": "", "owner": "", "review_by": "",
}  # fmt: skip


@pytest.fixture
def desk(client: Any, carol: Any) -> Any:
    client.force_login(carol)
    return client


class EditingTests:
    def test_lists_are_lines_and_steps_are_rows(self, desk):
        answer = desk.post(f"{DESK}add/", FORM)

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        document = KnowledgeDocument.objects.get()
        assert document.symptoms == ["OOM command not allowed", "writes fail"]
        assert document.diagnosis_steps[0] == {
            "text": "Look.", "command": "redis-cli INFO memory", "expect": "below 80 %.",
        }  # fmt: skip
        assert document.solutions[0]["risk"] == "blocks"
        assert document.applies_to == {"products": ["redis", "valkey"], "versions": ">=6.0"}
        assert document.author.username == "carol"

    def test_house_rules_have_fields_and_survive_an_edit(self, desk):
        rules = {"applies_to_3": "session-*", "applies_to_4": "FLUSHALL, DEL", "applies_to_5": "a ticket; approval"}
        desk.post(f"{DESK}add/", {**FORM, **rules})

        stored = KnowledgeDocument.objects.get().applies_to
        assert stored["governs"] == ["session-*"]
        assert stored["forbids"] == ["FLUSHALL", "DEL"]
        assert stored["requires"] == ["a ticket", "approval"]
        assert 'value="a ticket; approval"' in desk.get(f"{DESK}oom-en/change/").content.decode()

    def test_saving_without_a_change_makes_no_revision(self, desk):
        desk.post(f"{DESK}add/", FORM)

        answer = desk.post(f"{DESK}oom-en/change/", FORM)

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert KnowledgeDocument.objects.get().revision == 1

    def test_a_change_shows_in_the_form_as_it_was_typed(self, desk):
        desk.post(f"{DESK}add/", FORM)
        desk.post(f"{DESK}oom-en/change/", {**FORM, "tags": "one"})

        page = desk.get(f"{DESK}oom-en/change/").content.decode()

        assert KnowledgeDocument.objects.get().revision == 2
        assert "redis-cli INFO memory" in page
        assert "Expect: below 80 %." in page

    def test_an_error_stands_beside_its_field_and_loses_nothing(self, desk):
        answer = desk.post(f"{DESK}add/", {**FORM, "id": "not an id"})

        assert answer.status_code == 200
        assert "id" in answer.context["adminform"].form.errors
        assert "redis-cli INFO memory" in answer.content.decode()

    def test_a_new_document_begins_as_a_draft(self, desk):
        desk.post(f"{DESK}add/", {**FORM, "status": "published"})

        assert KnowledgeDocument.objects.get().status == "draft"

    def test_brings_no_inline_script_or_style(self, desk):
        page = desk.get(f"{DESK}add/").content.decode()

        assert "<style" not in page
        assert " onclick=" not in page
        assert " style=" not in page


class PreviewTests:
    def test_renders_the_form_as_it_stands_and_stores_nothing(self, desk):
        page = desk.post(f"{DESK}preview/", {**FORM, "symptoms": "**bold** <script>x</script>"}).content.decode()

        assert "<strong>bold</strong>" in page
        assert "<script>" not in page
        assert "redis-cli INFO memory" in page
        assert not KnowledgeDocument.objects.exists()

    def test_shows_what_can_be_read_of_an_unfinished_form(self, desk):
        assert desk.post(f"{DESK}preview/", {"title": "half"}).status_code == 200


class ListTests:
    @pytest.mark.parametrize(
        ("action", "before", "status"),
        [
            ("publish", "in_review", "published"),
            ("submit", "draft", "in_review"),
            ("unpublish", "published", "draft"),
            ("archive", "in_review", "archived"),
        ],
    )
    def test_bulk_actions_change_the_status(self, desk, make_document, action, before, status):
        make_document("a", status=before)
        make_document("b", status=before)

        desk.post(DESK, {"action": action, "_selected_action": ["a", "b"]})

        assert set(KnowledgeDocument.objects.values_list("status", flat=True)) == {status}

    def test_index_again_puts_documents_into_the_outbox(self, desk, make_document):
        make_document("a")
        IndexTask.objects.update(state="done")

        desk.post(DESK, {"action": "reindex", "_selected_action": ["a"]})

        assert IndexTask.objects.get().state == "pending"

    def test_deleting_the_selection_leaves_a_task_to_remove_the_vectors(self, desk, make_document):
        make_document("a")
        IndexTask.objects.update(state="done")

        desk.post(DESK, {"action": "delete_selected", "_selected_action": ["a"], "post": "yes"})

        assert not KnowledgeDocument.objects.exists()
        assert IndexTask.objects.get(document_id="a").state == "pending"

    def test_shows_the_state_of_the_index(self, desk, make_document):
        make_document("a")
        IndexTask.objects.update(state="failed", last_error="the disk is full")

        page = desk.get(DESK).content.decode()

        assert "index-health" in page
        assert "the disk is full" in page
        assert desk.get(DESK, {"index": "failed"}).context["cl"].result_count == 1
        assert desk.get(DESK, {"review": "due"}).context["cl"].result_count == 0


class GlossaryDeskTests:
    ADDRESS = "/admin/knowledge_base/glossaryentry/"

    def test_a_new_word_finds_documents_at_once(self, desk, make_document):
        make_document("oom")
        entry = {"concept": "house-word", "weight": "concept", "ko": "", "en": "maxmemory\nflurb", "log": ""}

        mark = desk.post(f"{self.ADDRESS}add/", entry).context["mark"]
        answer = desk.post(f"{self.ADDRESS}add/", {**entry, "_confirmed": mark})

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert GlossaryEntry.objects.get().en == ["maxmemory", "flurb"]

    def test_an_entry_needs_a_word(self, desk):
        answer = desk.post(f"{self.ADDRESS}add/", {"concept": "x", "weight": "concept", "ko": "", "en": "", "log": ""})

        assert answer.status_code == 200
        assert not GlossaryEntry.objects.exists()


class IndexTaskDeskTests:
    def test_is_read_only_but_for_trying_again(self, desk, make_document):
        make_document("a")
        IndexTask.objects.update(state="failed", last_error="x")
        task = IndexTask.objects.get()

        assert desk.get("/admin/knowledge_base/indextask/").status_code == 200
        assert desk.post(f"/admin/knowledge_base/indextask/{task.pk}/change/", {"state": "done"}).status_code == 403
        desk.post("/admin/knowledge_base/indextask/", {"action": "retry", "_selected_action": [task.pk]})

        task.refresh_from_db()
        assert (task.state, task.last_error) == ("pending", "")
