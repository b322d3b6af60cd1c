from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from knowledge_base.models import KnowledgeDocument, StoredChunk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

OOM = {
    "id": "oom",
    "title": "Writes refused",
    "category": "memory",
    "symptoms": ["OOM command not allowed"],
    "root_causes": ["maxmemory reached"],
    "diagnosis_steps": ["Look at INFO memory"],
    "solutions": [{"text": "Raise the limit.", "command": "redis-cli CONFIG SET maxmemory 2gb"}],
    "prevention": ["Alert at 80 %"],
    "related_metrics": ["used_memory"],
    "severity": "critical",
    "tags": ["oom"],
}


@pytest.fixture
def curator(carol: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(carol)
    return client


@pytest.fixture
def operator(bob: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(bob)
    return client


class CreatingTests:
    def test_stores_the_missions_fields_and_answers_with_them(self, curator):
        answer = curator.post("/api/v1/knowledge", OOM, format="json")

        assert answer.status_code == 201, answer.data
        assert answer["Location"].endswith("/api/v1/knowledge/oom")
        assert {name: answer.data[name] for name in ("title", "severity", "tags")} == {
            "title": "Writes refused", "severity": "critical", "tags": ["oom"],
        }  # fmt: skip
        assert answer.data["diagnosis_steps"] == [{"text": "Look at INFO memory", "command": "", "expect": ""}]
        assert {"created_at", "updated_at", "revision"} <= set(answer.data)

    def test_is_searchable_at_once(self, curator):
        curator.post("/api/v1/knowledge", OOM, format="json")

        answer = curator.post("/api/v1/search", {"query": "OOM command not allowed"}, format="json")

        assert [row["document_id"] for row in answer.data["results"]] == ["oom"]
        assert answer.data["results"][0]["why"]["words"]

    def test_makes_an_identifier_from_the_title(self, curator):
        fields = {name: value for name, value in OOM.items() if name != "id"}

        assert curator.post("/api/v1/knowledge/", fields, format="json").data["id"] == "writes-refused-en"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"title": ""}, "title"),
            ({"title": {"a": 1}}, "title"),
            ({"category": "weather"}, "category"),
            ({"category": None}, "category"),
            ({"severity": 3}, "severity"),
            ({"tags": {"a": 1}}, "tags"),
            ({"symptoms": [["nested"]]}, "symptoms"),
            ({"solutions": [{"colour": "red"}]}, "solutions"),
            ({"solutions": [{"text": "x", "risk": "huge"}]}, "solutions"),
            ({"id": "../etc/passwd"}, "id"),
            ({"id": "a b"}, "id"),
            ({"surprise": 1}, "surprise"),
            ({"review_by": "soon"}, "review_by"),
            ({"applies_to": ["redis"]}, "applies_to"),
        ],
    )
    def test_names_the_field_that_cannot_be_used(self, curator, change, field):
        answer = curator.post("/api/v1/knowledge", {**OOM, **change}, format="json")

        assert answer.status_code == 400
        assert set(answer.data["error"]["fields"]) == {field}
        assert not KnowledgeDocument.objects.exists()

    def test_refuses_an_identifier_that_is_taken(self, curator):
        curator.post("/api/v1/knowledge", OOM, format="json")

        answer = curator.post("/api/v1/knowledge", OOM, format="json")

        assert answer.status_code == 409
        assert answer.data["error"]["code"] == "document_exists"

    def test_survives_null_bytes_and_a_body_of_the_wrong_shape(self, curator):
        assert curator.post("/api/v1/knowledge", {**OOM, "title": "a\x00b"}, format="json").data["title"] == "ab"
        assert curator.post("/api/v1/knowledge", [1, 2], format="json").status_code == 400


class ReadingTests:
    def test_lists_page_by_page_and_filters(self, operator, make_document):
        for number in range(3):
            make_document(f"m{number}", tags=["oom", "메모리"])
        make_document("c", category="cluster", kind="case", language="ko")

        assert operator.get("/api/v1/knowledge?page_size=2").data["count"] == 4
        assert len(operator.get("/api/v1/knowledge?page_size=2").data["results"]) == 2
        assert _ids(operator.get("/api/v1/knowledge?category=cluster,security")) == ["c"]
        assert _ids(operator.get("/api/v1/knowledge?kind=case&language=ko")) == ["c"]
        assert len(_ids(operator.get("/api/v1/knowledge", {"tag": "메모리"}))) == 3
        assert _ids(operator.get("/api/v1/knowledge?q=(m1)")) == ["m1"]

    def test_hides_drafts_from_those_who_only_read(self, operator, curator, make_document):
        make_document("draft", status="draft")

        assert operator.get("/api/v1/knowledge/draft").status_code == 404
        assert _ids(operator.get("/api/v1/knowledge")) == []
        assert curator.get("/api/v1/knowledge/draft").status_code == 200

    def test_answers_404_in_the_one_error_shape(self, operator):
        answer = operator.get("/api/v1/knowledge/nothing")

        assert answer.status_code == 404
        assert answer.data["error"]["code"] == "not_found"


def _ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.data["results"]]


class ChangingTests:
    def test_put_replaces_and_empties_what_is_left_out(self, curator, make_document):
        make_document("oom", owner="team", status="draft")

        answer = curator.put("/api/v1/knowledge/oom", {"title": "New", "category": "cluster"}, format="json")

        assert answer.status_code == 200, answer.data
        assert (answer.data["title"], answer.data["symptoms"]) == ("New", [])
        assert (answer.data["owner"], answer.data["status"]) == ("team", "draft")
        assert answer.data["revision"] == 2

    def test_put_needs_a_whole_document(self, curator, make_document):
        make_document("oom")

        answer = curator.put("/api/v1/knowledge/oom", {"title": "New"}, format="json")

        assert set(answer.data["error"]["fields"]) == {"category"}

    def test_patch_changes_only_what_it_names(self, curator, make_document):
        make_document("oom")

        answer = curator.patch("/api/v1/knowledge/oom", {"tags": ["x"]}, format="json")

        assert answer.data["tags"] == ["x"]
        assert answer.data["symptoms"]

    def test_the_same_content_makes_no_revision(self, curator, make_document):
        make_document("oom", tags=["x"])

        assert curator.patch("/api/v1/knowledge/oom", {"tags": ["x"]}, format="json").data["revision"] == 1

    def test_a_revision_that_has_passed_is_not_overwritten(self, curator, make_document):
        make_document("oom")
        curator.patch("/api/v1/knowledge/oom", {"title": "Mine"}, format="json")

        answer = curator.patch("/api/v1/knowledge/oom", {"title": "Theirs"}, format="json", headers={"If-Match": '"1"'})

        assert answer.status_code == 412
        assert KnowledgeDocument.objects.get(pk="oom").title == "Mine"

    def test_the_identifier_stays(self, curator, make_document):
        make_document("oom")

        assert curator.patch("/api/v1/knowledge/oom", {"id": "other"}, format="json").status_code == 400

    def test_delete_takes_it_out_of_every_search(self, curator, make_document):
        make_document("oom")

        assert curator.delete("/api/v1/knowledge/oom").status_code == 204
        assert not StoredChunk.objects.exists()
        assert curator.post("/api/v1/search", {"query": "OOM command not allowed"}, format="json").data["abstained"]


class AccessTests:
    ROUTES = (
        ("post", "/api/v1/knowledge"), ("put", "/api/v1/knowledge/oom"), ("patch", "/api/v1/knowledge/oom"),
        ("delete", "/api/v1/knowledge/oom"), ("post", "/api/v1/knowledge/bulk-import"),
    )  # fmt: skip

    @pytest.mark.parametrize(("method", "address"), ROUTES)
    def test_operators_read_but_do_not_write(self, operator, make_document, method, address):
        make_document("oom")

        assert getattr(operator, method)(address, OOM, format="json").status_code == 403

    @pytest.mark.parametrize(
        "address", ["/api/v1/knowledge", "/api/v1/knowledge/oom", "/api/v1/search/similar?query=x"]
    )
    def test_nobody_reads_without_a_role(self, mallory, make_document, address):
        make_document("oom")
        client = APIClient()

        assert client.get(address).status_code == 401
        client.force_authenticate(mallory)
        assert client.get(address).status_code == 403


class BulkImportTests:
    ADDRESS = "/api/v1/knowledge/bulk-import"

    def test_says_row_by_row_what_happened(self, curator, make_document):
        make_document("same", title="Same", symptoms=[], root_causes=[], diagnosis_steps=[])
        make_document("old")
        rows = [
            {**OOM, "id": "new"},
            {**OOM, "id": "old"},
            {"id": "same", "title": "Same", "category": "memory", "language": "en"},
            {"id": "bad", "title": ""},
            "no object",
        ]

        answer = curator.post(self.ADDRESS, {"documents": rows}, format="json")

        assert answer.status_code == 200
        assert [row["outcome"] for row in sorted(answer.data["results"], key=lambda row: row["row"])] == [
            "created", "updated", "unchanged", "refused", "refused",
        ]  # fmt: skip
        assert answer.data["counts"] == {"created": 1, "updated": 1, "unchanged": 1, "conflict": 0, "refused": 2}
        assert set(KnowledgeDocument.objects.values_list("pk", flat=True)) == {"new", "old", "same"}

    def test_the_same_import_twice_changes_nothing(self, curator):
        rows = [{**OOM, "id": f"row-{number}"} for number in range(3)]
        curator.post(self.ADDRESS, rows, format="json")

        answer = curator.post(self.ADDRESS, rows, format="json")

        assert answer.data["counts"]["unchanged"] == 3
        assert set(KnowledgeDocument.objects.values_list("revision", flat=True)) == {1}

    def test_all_or_nothing_leaves_everything_as_it_was(self, curator):
        body = {"documents": [{**OOM, "id": "a"}, {"id": "b"}], "all_or_nothing": True}

        answer = curator.post(self.ADDRESS, body, format="json")

        assert answer.status_code == 422
        assert answer.data["applied"] is False
        assert answer.data["counts"]["refused"] == 1
        assert not KnowledgeDocument.objects.exists()
        assert not StoredChunk.objects.exists()

    def test_a_dry_run_changes_nothing(self, curator):
        answer = curator.post(self.ADDRESS + "?dry_run=true", [OOM], format="json")

        assert answer.status_code == 200
        assert answer.data["counts"]["created"] == 1
        assert not KnowledgeDocument.objects.exists()

    def test_refuses_two_different_rows_of_one_identifier(self, curator):
        answer = curator.post(self.ADDRESS, [OOM, {**OOM, "title": "Other"}, OOM], format="json")

        by_row = {row["row"]: row["outcome"] for row in answer.data["results"]}
        assert by_row == {1: "created", 2: "refused", 3: "unchanged"}

    def test_takes_markdown_files(self, curator):
        good = SimpleUploadedFile("a.md", "---\nid: from-file\ntitle: T\ncategory: memory\n---\n메모리".encode())
        bad = SimpleUploadedFile("b.md", b"\xff\xfe\x00")

        answer = curator.post(self.ADDRESS, {"files": [good, bad]}, format="multipart")

        assert answer.data["counts"] == {"created": 1, "updated": 0, "unchanged": 0, "conflict": 0, "refused": 1}
        assert KnowledgeDocument.objects.get().language == "ko"

    @pytest.mark.parametrize("body", [{}, [], {"documents": "x"}, {"markdown": []}])
    def test_refuses_a_body_without_documents(self, curator, body):
        assert curator.post(self.ADDRESS, body, format="json").status_code == 400


class SearchingTests:
    def test_korean_question_finds_an_english_document(self, operator, make_document):
        make_document("oom")

        answer = operator.post("/api/v1/search", {"query": "메모리 한도에 도달해서 쓰기가 거부됩니다"}, format="json")

        assert [row["document_id"] for row in answer.data["results"]] == ["oom"]

    def test_something_else_finds_nothing(self, operator, make_document):
        make_document("oom")

        answer = operator.post("/api/v1/search", {"query": "내일 서울 날씨"}, format="json")

        assert answer.data["results"] == []
        assert answer.data["abstained"] is True

    def test_filters_beside_the_query_or_nested(self, operator, make_document):
        make_document("oom")
        question = {"query": "OOM command not allowed"}

        assert not operator.post("/api/v1/search", {**question, "category": "cluster"}, format="json").data["results"]
        nested = {**question, "filters": {"category": ["memory"], "kind": "troubleshooting"}}
        assert operator.post("/api/v1/search", nested, format="json").data["results"]

    @pytest.mark.parametrize(
        "body",
        [{}, {"query": ""}, {"query": "x", "limit": 0}, {"query": "x", "threshold": 2}, {"query": "x", "category": "y"},
         ["x"]],
    )  # fmt: skip
    def test_refuses_what_is_no_question(self, operator, body):
        assert operator.post("/api/v1/search", body, format="json").status_code == 400

    def test_similar_finds_cases_like_a_description(self, operator, make_document):
        make_document("case", kind="case")
        make_document("runbook", kind="runbook")

        answer = operator.get("/api/v1/search/similar", {"query": "redis refuses writes, maxmemory", "kind": "case"})

        assert [row["document_id"] for row in answer.data["results"]] == ["case"]

    def test_similar_needs_a_text(self, operator):
        assert operator.get("/api/v1/search/similar").status_code == 400


class IndexHealthTests:
    def test_tells_that_vectors_are_not_there_yet(self, operator, make_document):
        make_document("oom")

        answer = operator.get("/api/v1/knowledge-index")

        assert answer.data["state"] == "unavailable"
        assert (answer.data["documents"], answer.data["waiting"]) == (1, 1)
        assert answer.data["problem"]
