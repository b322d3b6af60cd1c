"""Folders, from the terminal: idempotent, resumable, careful with what was changed here or has gone."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from knowledge_base.importing.folders import FolderImport
from knowledge_base.importing.rows import take_rows
from knowledge_base.importing.verdicts import Policy
from knowledge_base.models import KnowledgeDocument, StoredChunk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]


def write(folder: Path, name: str, *, title: str = "Evictions", extra: str = "") -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"---\ntitle: {title}\ncategory: memory\n---\n## Symptoms\n- {title} {name}\n{extra}", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.md", "sub/b.md", "c.md"):
        write(tmp_path, name)
    return tmp_path


def run(folder: Path, *options: str, capsys) -> list[dict]:
    with contextlib.suppress(SystemExit):  # refused rows end it with status 1
        call_command("import_knowledge", str(folder), "--json", *options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def outcomes(lines: list[dict]) -> dict[str, str]:
    return {line["source"]: line["outcome"] for line in lines if "source" in line}


def test_new_documents_are_drafts_and_the_same_again_changes_nothing(folder, capsys):
    first = run(folder, capsys=capsys)
    again = run(folder, capsys=capsys)

    assert outcomes(first) == dict.fromkeys(["a.md", "c.md", "sub/b.md"], "created")
    assert outcomes(again) == dict.fromkeys(["a.md", "c.md", "sub/b.md"], "unchanged")
    assert set(KnowledgeDocument.objects.values_list("pk", "status", "origin", "revision")) == {
        (pk, "draft", "imported", 1) for pk in ("a", "c", "sub-b")
    }


def test_a_dry_run_says_the_same_and_writes_nothing(folder, capsys):
    assert outcomes(run(folder, "--dry-run", capsys=capsys)) == dict.fromkeys(["a.md", "c.md", "sub/b.md"], "created")
    assert not KnowledgeDocument.objects.exists()


def test_published_where_asked_and_the_linter_finds_no_error(folder, capsys):
    write(folder, "bad.md", extra="\n## Diagnosis\n1. Look.\n   ```sh\n   redis-cli MEMORY DIAGNOSE\n   ```\n")

    lines = run(folder, "--publish", capsys=capsys)

    assert dict(KnowledgeDocument.objects.values_list("pk", "status")) == {
        "a": "published", "c": "published", "sub-b": "published", "bad": "draft",
    }  # fmt: skip
    assert StoredChunk.objects.filter(document_id="a").exists()
    assert next(line for line in lines if line["id"] == "bad")["remarks"]


def test_a_changed_title_is_a_change_of_the_same_document(folder, capsys):
    run(folder, capsys=capsys)
    write(folder, "a.md", title="Another title")

    assert outcomes(run(folder, capsys=capsys))["a.md"] == "updated"
    assert KnowledgeDocument.objects.get(pk="a").title == "Another title"
    assert KnowledgeDocument.objects.count() == 3


def test_what_was_changed_here_is_a_conflict_unless_overwritten(folder, capsys):
    run(folder, capsys=capsys)
    mine = KnowledgeDocument.objects.get(pk="a")
    mine.title = "Changed here"
    mine.save()
    write(folder, "a.md", title="Changed there")

    assert outcomes(run(folder, capsys=capsys))["a.md"] == "conflict"
    assert KnowledgeDocument.objects.get(pk="a").title == "Changed here"

    assert outcomes(run(folder, "--overwrite", capsys=capsys))["a.md"] == "updated"
    assert KnowledgeDocument.objects.get(pk="a").title == "Changed there"


def test_a_document_that_was_written_here_is_not_taken_for_an_imported_one(folder, capsys, make_document):
    make_document("a", title="Mine")

    assert outcomes(run(folder, capsys=capsys))["a.md"] == "conflict"
    assert KnowledgeDocument.objects.get(pk="a").title == "Mine"


@pytest.mark.parametrize(("removal", "status"), [("keep", "published"), ("draft", "draft"), ("archive", "archived")])
def test_what_becomes_of_documents_without_a_file_is_a_choice(folder, capsys, removal, status):
    run(folder, "--publish", capsys=capsys)
    (folder / "c.md").unlink()

    lines = run(folder, "--removed", removal, capsys=capsys)

    assert lines[-1]["gone"] == ["c"]
    assert KnowledgeDocument.objects.get(pk="c").status == status
    assert StoredChunk.objects.filter(document_id="c").exists() == (removal == "keep")


def test_a_file_that_cannot_be_read_makes_nothing_gone(folder, capsys):
    run(folder, capsys=capsys)
    (folder / "c.md").write_bytes(b"\x00\x01\x02" * 50)

    lines = run(folder, "--removed", "archive", capsys=capsys)

    assert outcomes(lines)["c.md"] == "refused"
    assert not any("gone" in line for line in lines)


def test_an_import_that_was_cut_off_goes_on(tmp_path, monkeypatch):
    from knowledge_base.importing import rows

    monkeypatch.setattr(rows, "BATCH", 2)
    for number in range(6):
        write(tmp_path, f"{number}.md")
    folder = FolderImport(tmp_path, Policy(status="draft", keep_conflicts=True, label="x"))
    first = iter(folder)
    for _count in range(3):
        next(first)
    first.close()
    assert KnowledgeDocument.objects.count() == 4

    again = [verdict.outcome.value for verdict in folder]

    assert again == ["unchanged"] * 4 + ["created"] * 2


def test_links_that_leave_the_folder_are_not_followed(folder, tmp_path_factory, capsys):
    secret = tmp_path_factory.mktemp("outside")
    write(secret, "secret.md")
    (folder / "link.md").symlink_to(secret / "secret.md")
    (folder / "linked").symlink_to(secret)

    found = outcomes(run(folder, capsys=capsys))

    assert found["link.md"] == "refused"
    assert "linked/secret.md" not in found


def test_a_path_that_is_not_there_is_one_sentence():
    with pytest.raises(CommandError, match="no file or folder"):
        call_command("import_knowledge", "/nowhere/at/all")


def test_memory_holds_one_batch():
    """2,000 documents of 4 kB: the rows together would be 8 MB and their objects several times that."""
    rows = (
        {"id": f"d{number}", "title": f"T {number}", "category": "memory", "notes": f"word{number} " * 500}
        for number in range(2_000)
    )

    tracemalloc.start()
    count = sum(1 for _verdict in take_rows(rows, dry_run=True, policy=Policy(status="draft")))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 2_000
    assert peak < 8_000_000
