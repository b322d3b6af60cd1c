import pytest

from knowledge_base.document_format import UnreadableDocument, read_markdown, write_markdown

RUNBOOK = """---
id: kb-x-en
kind: runbook
language: en
title: "Full: disk"
tags: [disk]
---
## Symptoms

- writes fail
  since noon
- `MISCONF` in the log

## Diagnosis

1. Look at the disk.
   ```sh
   df -h /data
   # a comment, no heading
   ```
   Expect: below 80 %.
2. Ask the server.

## Solutions

1. [changes-settings] Move the dump.
   ```sh
   redis-cli CONFIG SET dir /mnt
   ```
   Verify: a save works.
   Undo: the old dir.

## Odd heading

kept text
"""


class ReadMarkdownTests:
    def test_reads_lists_steps_and_labels(self):
        fields = read_markdown(RUNBOOK)

        assert fields["title"] == "Full: disk"
        assert fields["symptoms"] == ["writes fail since noon", "`MISCONF` in the log"]
        assert fields["diagnosis_steps"] == [
            {"text": "Look at the disk.", "command": "df -h /data\n# a comment, no heading", "expect": "below 80 %."},
            {"text": "Ask the server.", "command": "", "expect": ""},
        ]
        assert fields["solutions"] == [
            {
                "text": "Move the dump.",
                "command": "redis-cli CONFIG SET dir /mnt",
                "risk": "changes-settings",
                "verify": "a save works.",
                "undo": "the old dir.",
            }
        ]

    def test_keeps_what_fits_no_section_as_notes(self):
        assert read_markdown(RUNBOOK)["notes"] == "## Odd heading\n\nkept text"

    def test_reads_korean_headings_and_labels(self):
        fields = read_markdown(
            "## 증상\n- 느립니다\n\n## 조치\n1. [blocks] 지웁니다.\n   검증: 줄었습니다.\n   되돌리기: 없음"
        )

        assert fields["symptoms"] == ["느립니다"]
        assert fields["solutions"][0]["verify"] == "줄었습니다."
        assert fields["solutions"][0]["risk"] == "blocks"

    def test_reads_a_title_with_an_unquoted_colon(self):
        fields = read_markdown("---\nid: a\ntitle: Staging: nightly fill\ntags: [x, y]\n---\ntext")

        assert fields == {"id": "a", "title": "Staging: nightly fill", "tags": ["x", "y"], "notes": "text"}

    def test_takes_the_first_heading_as_title_when_there_is_no_front_matter(self):
        fields = read_markdown("# Our runbook\n\nDo this first.\n")

        assert fields == {"title": "Our runbook", "notes": "Do this first."}

    @pytest.mark.parametrize("text", ["", "  \n\n", "\ufeff"])
    def test_refuses_an_empty_file(self, text):
        with pytest.raises(UnreadableDocument):
            read_markdown(text)


class WriteMarkdownTests:
    @pytest.mark.parametrize("language", ["en", "ko"])
    def test_writes_what_reads_back_the_same(self, language):
        fields = {**read_markdown(RUNBOOK), "language": language}

        assert read_markdown(write_markdown(fields)) == fields
