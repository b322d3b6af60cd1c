"""Files of every format become rows: what they state is taken over, what they lack is guessed and said."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from knowledge_base.document_fields import clean_fields
from knowledge_base.importing.guessing import tables_from
from knowledge_base.importing.reading import rows_of_upload
from knowledge_base.importing.verdicts import Sourced, Unreadable

NOTION = "Redis eviction 1a2b3c4d5e6f78901a2b3c4d5e6f7890.md"
NOTION_TEXT = """# Redis eviction runbook

Tags: redis, memory
Owner: Kim
Priority: P1

## 증상

- 세션이 사라집니다

## 조치

1. 정책을 확인합니다.
"""
CONFLUENCE = "Failover-drill_123456789.md"
CONFLUENCE_TEXT = """# Failover drill

| **Owner** | Platform team |
| --- | --- |
| **Labels** | sentinel, drill |

Created by Lee, last modified on Jan 02, 2026

[TOC]

## Symptoms

- Sentinel votes and nothing happens

## Background

We practise the replica failover <a name="x"></a>twice a year.
"""


def rows(name: str, data: bytes | str) -> list[Sourced]:
    return list(rows_of_upload(name, data.encode() if isinstance(data, str) else data))


def only(name: str, data: bytes | str) -> Any:
    (row,) = rows(name, data)
    assert not isinstance(row.row, Unreadable), row.row
    return row


class MarkdownTests:
    def test_front_matter_with_names_of_other_tools(self):
        row = only(
            "a/eviction.md", "---\ntitle: Eviction\nlabels: [a, b]\nPriority: P1\nlayout: page\n---\n## Symptoms\n- x\n"
        )

        assert row.row["tags"] == ["a", "b"]
        assert row.row["severity"] == "critical"
        assert row.row["id"] == "a-eviction"
        assert "- layout: page" in row.row["notes"]
        assert clean_fields(row.row)["category"] == "memory"
        assert any("memory" in remark for remark in row.remarks)

    def test_a_folder_may_name_the_category(self):
        assert only("replication/x.md", "---\ntitle: X\n---\ntext").row["category"] == "replication"

    def test_notion(self):
        row = only(NOTION, NOTION_TEXT)

        assert row.row["id"] == "notion-1a2b3c4d5e6f78901a2b3c4d5e6f7890"
        assert row.row["title"] == "Redis eviction runbook"
        assert row.row["tags"] == ["redis", "memory"]
        assert row.row["owner"] == "Kim"
        assert row.row["severity"] == "critical"
        assert row.row["symptoms"] == ["세션이 사라집니다"]
        assert row.row["solutions"][0]["text"] == "정책을 확인합니다."
        assert row.draft_only

    def test_confluence(self):
        row = only(CONFLUENCE, CONFLUENCE_TEXT)

        assert row.row["id"] == "confluence-123456789"
        assert row.row["title"] == "Failover drill"
        assert row.row["owner"] == "Platform team"
        assert row.row["tags"] == ["sentinel", "drill"]
        assert row.row["symptoms"] == ["Sentinel votes and nothing happens"]
        assert "twice a year" in row.row["notes"]
        assert "Created by" not in row.row["notes"]
        assert "TOC" not in row.row["notes"]
        assert "<a" not in row.row["notes"]
        assert row.row["category"] == "replication"

    def test_a_first_paragraph_with_a_colon_is_no_property(self):
        row = only("x.md", "# Note\n\nRemember: the replica lags.\n")

        assert "Remember: the replica lags." in row.row["notes"]

    def test_the_index_of_a_notion_database_is_no_document(self):
        assert rows("Runbooks 1a2b3c4d5e6f78901a2b3c4d5e6f7890_all.csv", "Name,Tags\nA,b\n") == []

    def test_old_korean_encodings_are_read(self):
        assert only("x.md", "# 메모리 부족\n\n메모리가 부족합니다.".encode("cp949")).row["title"] == "메모리 부족"

    @pytest.mark.parametrize("data", [b"", b"\x00\x01\x02\x03" * 100, b"\x89PNG\r\n\x1a\n"])
    def test_what_is_no_text_is_refused_with_a_sentence(self, data):
        (row,) = rows("x.md", data)

        assert isinstance(row.row, Unreadable)
        assert row.row.reason


class RecordTests:
    def test_json_lists_objects_and_containers(self):
        one = {"id": "a", "title": "A", "category": "memory"}

        for text in (
            json.dumps([one]),
            json.dumps(one),
            json.dumps({"documents": [one]}),
            "\ufeff" + json.dumps([one]),
        ):
            assert only("x.json", text).row["id"] == "a"

    def test_a_broken_list_gives_what_came_before(self):
        found = rows("x.json", '[{"id": "a", "title": "A", "category": "memory"}, {"id": ')

        assert found[0].row["id"] == "a"
        assert isinstance(found[1].row, Unreadable)

    def test_a_bad_line_is_refused_alone(self):
        found = rows("x.jsonl", '{"id": "a", "title": "A", "category": "memory"}\nnonsense\n\n[1]\n')

        assert found[0].source == "x.jsonl:1"
        assert [isinstance(row.row, Unreadable) for row in found] == [False, True, True]

    def test_csv_with_korean_headers_lists_and_steps(self):
        text = '제목;분류;증상;조치\n"쓰기 거부";memory;"느림\n실패";"[{""text"": ""늘린다"", ""risk"": ""blocks""}]"\n'

        row = only("x.csv", text)

        fields = clean_fields(row.row)
        assert fields["title"] == "쓰기 거부"
        assert fields["symptoms"] == ["느림", "실패"]
        assert fields["solutions"][0]["risk"] == "blocks"
        assert row.source == "x.csv:3"

    def test_csv_without_a_title_is_refused(self):
        assert isinstance(rows("x.csv", "a,b\n1,2\n")[0].row, Unreadable)


class BinaryTests:
    def test_word_keeps_headings_lists_and_tables(self):
        row = only("Eviction.docx", word())

        assert row.row["title"] == "Eviction runbook"
        assert row.row["symptoms"] == ["sessions vanish", "logins fail"]
        assert row.row["solutions"][0]["text"] == "Check the policy."
        assert "| Node | Limit |" in row.row["notes"]
        assert row.draft_only

    def test_pdf_finds_sections_by_their_names(self):
        row = only(
            "Memory full.pdf",
            pdf("Memory full", ["Symptoms", "- writes fail", "", "2. Solutions:", "1. Raise maxmemory."]),
        )

        assert row.row["title"] == "Memory full"
        assert row.row["symptoms"] == ["writes fail"]
        assert row.row["solutions"][0]["text"] == "Raise maxmemory."
        assert row.row["category"] == "memory"
        assert row.draft_only

    def test_encrypted_empty_and_broken_ones_are_refused(self):
        from reportlab.lib.pdfencrypt import StandardEncryption

        for name, data in (
            ("locked.pdf", pdf("x", ["text"], encrypt=StandardEncryption("secret"))),
            ("empty.pdf", pdf("x", [])),
            ("broken.pdf", b"%PDF-1.7\nnot really"),
            ("broken.docx", b"PK\x03\x04 not really"),
            ("empty.docx", word(empty=True)),
        ):
            (row,) = rows(name, data)
            assert isinstance(row.row, Unreadable), name
            assert row.row.reason


def word(*, empty: bool = False) -> bytes:
    from docx import Document

    document = Document()
    if not empty:
        document.add_heading("Eviction runbook", 0)
        document.add_heading("Symptoms", 1)
        document.add_paragraph("sessions vanish", style="List Bullet")
        document.add_paragraph("logins fail", style="List Bullet")
        document.add_heading("Solutions", 1)
        document.add_paragraph("Check the policy.", style="List Number")
        document.add_heading("Our nodes", 1)
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip([c for r in table.rows for c in r.cells], ["Node", "Limit", "a", "4gb"], strict=True):
            cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def pdf(title: str, lines: list[str], **options: Any) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, **options)
    canvas.setTitle(title)
    for number, line in enumerate(lines):
        canvas.drawString(72, 760 - 18 * number, line)
    canvas.save()
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "named"), [({"fields": {"colour": ["x"]}}, "fields.colour"), ({"kind": {"poem": ["x"]}}, "kind.poem")]
)
def test_a_wrong_table_is_named(change, named):
    import tomllib

    from knowledge_base.importing import guessing

    file = Path(guessing.__file__).parent / "guesses.toml"
    with pytest.raises(ValueError, match=named):
        tables_from({**tomllib.loads(file.read_text(encoding="utf-8")), **change})
