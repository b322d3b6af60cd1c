from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from knowledge_base.lifecycle.models import DocumentTransition
from knowledge_base.models import KnowledgeDocument
from tests.conftest import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

OOM = {"id": "oom", "title": "Writes refused", "category": "memory", "symptoms": ["OOM command not allowed"]}
DEAD = [{"text": "Look.", "command": "redis-cli MEMORY DIAGNOSE"}]
ADDRESS = "/api/v1/knowledge/oom"


def client_of(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def curator(carol: Any) -> APIClient:
    return client_of(carol)


@pytest.fixture
def dora(db: None) -> Any:
    """A second curator: from now on texts are published by another than their author."""
    return make_person("dora", role="curator")


class AloneTests:
    def test_a_change_of_a_published_document_is_published_and_recorded(self, curator, make_document):
        make_document("oom")

        answer = curator.patch(ADDRESS, {"notes": "New.", "reason": "Seen last night."}, format="json")

        assert (answer.status_code, answer.data["status"], answer.data["notes"]) == (200, "published", "New.")
        step = DocumentTransition.objects.get()
        assert (step.step, step.reason, step.actor.username) == ("publish", "Seen last night.", "carol")

    @pytest.mark.parametrize(
        ("before", "after", "steps"),
        [
            ("draft", "in_review", ["submit"]), ("draft", "published", ["publish"]),
            ("published", "draft", ["unpublish"]), ("published", "in_review", ["unpublish", "submit"]),
            ("archived", "published", ["restore", "publish"]), ("in_review", "archived", ["archive"]),
        ],
    )  # fmt: skip
    def test_a_status_is_reached_by_its_steps(self, curator, make_document, before, after, steps):
        make_document("oom", status=before)

        answer = curator.patch(ADDRESS, {"status": after}, format="json")

        assert answer.data["status"] == after
        assert list(DocumentTransition.objects.order_by("pk").values_list("step", flat=True)) == steps

    def test_what_it_gave_can_be_sent_back(self, curator, make_document):
        make_document("oom")

        answer = curator.put(ADDRESS, curator.get(ADDRESS).data, format="json")

        assert answer.status_code == 200, answer.data
        assert KnowledgeDocument.objects.get().revision == 1

    @pytest.mark.parametrize("status", ["in_review", "archived"])
    def test_a_locked_text_is_not_changed(self, curator, make_document, status):
        make_document("oom", status=status)

        answer = curator.patch(ADDRESS, {"notes": "New."}, format="json")

        assert (answer.status_code, answer.data["error"]["code"]) == (409, "step_refused")

    def test_errors_of_the_linter_stop_a_publication_and_change_nothing(self, curator, make_document):
        make_document("oom")

        answer = curator.patch(ADDRESS, {"diagnosis_steps": DEAD, "owner": "me"}, format="json")

        assert (answer.status_code, answer.data["error"]["code"]) == (409, "text_has_errors")
        assert KnowledgeDocument.objects.get().owner == ""

    def test_a_new_document_with_errors_waits_as_a_draft_and_says_why(self, curator):
        answer = curator.post("/api/v1/knowledge", {**OOM, "diagnosis_steps": DEAD}, format="json")

        assert (answer.status_code, answer.data["status"]) == (201, "draft")
        assert "MEMORY DIAGNOSE" in answer.data["held_back"]


@pytest.mark.usefixtures("dora")
class TogetherTests:
    def test_a_new_document_waits_for_a_review(self, curator):
        answer = curator.post("/api/v1/knowledge", OOM, format="json")

        assert (answer.status_code, answer.data["status"]) == (201, "in_review")
        assert "somebody else" in answer.data["held_back"]

    def test_a_status_that_cannot_be_had_is_refused(self, curator):
        answer = curator.post("/api/v1/knowledge", {**OOM, "status": "published"}, format="json")

        assert (answer.status_code, answer.data["error"]["code"]) == (409, "review_needed")
        assert not KnowledgeDocument.objects.exists()

    def test_a_change_waits_beside_the_published_text(self, curator, make_document, dora):
        make_document("oom")

        answer = curator.patch(ADDRESS, {"notes": "New."}, format="json")

        assert answer.status_code == 202
        assert answer.data["notes"] == ""
        assert answer.data["draft"] == {"revision": 2, "state": "in_review"}
        assert curator.patch(ADDRESS, {"notes": "Again."}, format="json").status_code == 409

    def test_an_import_leaves_published_documents_alone(self, curator, make_document):
        make_document("oom", notes="Ours.")

        answer = curator.post("/api/v1/knowledge/bulk-import", [OOM, {**OOM, "id": "new"}], format="json")

        assert [row["outcome"] for row in answer.data["results"]] == ["conflict", "created"]
        assert KnowledgeDocument.objects.get(pk="oom").notes == "Ours."
        assert KnowledgeDocument.objects.get(pk="new").status == "draft"


class RevisionTests:
    def test_readers_get_the_published_ones_and_curators_all(self, curator, bob, make_document, dora):
        make_document("oom", notes="First.")
        curator.patch(ADDRESS, {"notes": "Second."}, format="json")

        whole = curator.get(f"{ADDRESS}/revisions").data["results"]
        read = client_of(bob).get(f"{ADDRESS}/revisions").data["results"]

        assert [(row["number"], row["content"]["notes"]) for row in whole] == [(2, "Second."), (1, "First.")]
        assert [row["number"] for row in read] == [1]
        assert client_of(bob).get(ADDRESS).data["draft"] is None
