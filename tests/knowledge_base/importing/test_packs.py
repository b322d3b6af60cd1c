"""A pack takes documents from one portal to another without changing a letter."""

from __future__ import annotations

import io
import json
import random
import zipfile
from datetime import date
from itertools import islice
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from knowledge_base.document_fields import clean_fields
from knowledge_base.document_format import read_markdown
from knowledge_base.importing.packs import as_markdown, fields_of, write_pack
from knowledge_base.importing.rows import import_rows
from knowledge_base.models import KnowledgeDocument
from knowledge_base.shipped import shipped_documents

PIECES = [
    "maxmemory", "메모리", "## Symptoms", "- bullet", "1. step", "```", "`code`", "[blocks] x", "Verify: y", "검증: z",
    "---", "a: b", "'quoted'", '"double"', "# title", "\\n", "| a | b |", "<b>", "%s", "…", "tab\there", ":", "~~~sh",
]  # fmt: skip


def random_text(source: random.Random) -> str:
    return source.choice(["\n", " ", "\n\n"]).join(source.choices(PIECES, k=source.randint(1, 6)))


def random_document(source: random.Random) -> dict[str, Any]:
    def texts(most: int) -> list[str]:
        return [random_text(source) for _count in range(source.randint(0, most))]

    steps = [{"text": random_text(source), "command": random_text(source), "expect": random_text(source)}]
    return clean_fields({
        "id": f"d-{source.randint(0, 10**9)}", "title": random_text(source)[:300], "category": "memory",
        "language": source.choice(["ko", "en"]), "symptoms": texts(4), "root_causes": texts(3), "prevention": texts(2),
        "diagnosis_steps": steps, "solutions": [{"text": random_text(source), "risk": "blocks", "undo": "x"}],
        "notes": random_text(source), "questions": texts(3), "owner": "team: a", "review_by": date(2026, 1, 31),
        "applies_to": {"versions": ">=6.0", "products": ["redis"]}, "status": source.choice(["draft", "published"]),
    })  # fmt: skip


def test_any_document_survives_being_written_and_read():
    source = random.Random(5)

    for _count in range(400):
        fields = random_document(source)
        expected = {name: value for name, value in fields.items() if value}
        assert clean_fields(read_markdown(as_markdown(fields))) == expected


def test_shipped_documents_are_written_as_prose():
    for fields in shipped_documents():
        text = as_markdown(fields)

        assert "\n## " in text, fields["id"]
        assert clean_fields(read_markdown(text)) == {name: value for name, value in fields.items() if value}


@pytest.mark.django_db
@pytest.mark.usefixtures("exact")
class PortalToPortalTests:
    def test_another_portal_has_the_same_documents(self, tmp_path, make_document):
        import_rows(islice(shipped_documents(), 12))
        make_document("mine-ko", owner="team", review_by=date(2026, 1, 31), language="ko", notes="## Symptoms\n- odd")
        make_document("old-en", status="archived")
        before = {one.pk: (fields_of(one), one.content_hash) for one in KnowledgeDocument.objects.all()}
        pack = tmp_path / "pack.zip"
        call_command("export_knowledge", str(pack), "--all")
        KnowledgeDocument.objects.all().delete()

        call_command("import_knowledge", str(pack), "--publish")

        after = {one.pk: (fields_of(one), one.content_hash) for one in KnowledgeDocument.objects.all()}
        assert after == before

    def test_the_manifest_says_what_is_in_it(self, make_document):
        make_document()
        file = io.BytesIO()

        assert write_pack(KnowledgeDocument.objects.all(), file) == 1

        with zipfile.ZipFile(file) as pack:
            manifest = json.loads(pack.read("manifest.json"))
            assert set(pack.namelist()) == {"manifest.json", manifest["files"][0]["file"]}
        assert manifest["documents"] == 1

    def test_only_ones_own_documents_where_asked(self, tmp_path, make_document):
        import_rows(islice(shipped_documents(), 2))
        KnowledgeDocument.objects.update(shipped_hash=F("content_hash"))
        make_document("mine-en")

        call_command("export_knowledge", str(tmp_path / "pack.zip"), "--own")

        with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
            assert [name for name in pack.namelist() if name.endswith(".md")] == ["troubleshooting/mine-en.md"]

    def test_over_the_api_with_filters_there_and_back(self, client, carol, make_document):
        make_document("a-en")
        make_document("b-ko", language="ko", category="security")
        client.force_login(carol)

        answer = client.get("/api/v1/knowledge-pack?language=ko")
        data = b"".join(answer.streaming_content)
        KnowledgeDocument.objects.all().delete()
        file = io.BytesIO(data)
        file.name = "pack.zip"
        imported = client.post("/api/v1/knowledge/bulk-import", {"files": [file]})

        assert answer["Content-Type"] == "application/zip"
        assert imported.json()["counts"]["created"] == 1
        assert KnowledgeDocument.objects.get().pk == "b-ko"
