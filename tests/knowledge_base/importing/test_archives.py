"""Archives: documents are taken out, hostile ones are refused with one sentence. They are built here, bit by bit."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile

import pytest
from django.utils import translation

from knowledge_base.importing import sources
from knowledge_base.importing.reading import rows_of_upload
from knowledge_base.importing.sources import UnreadableSource
from knowledge_base.importing.verdicts import Sourced, Unreadable

DOCUMENT = b"---\nid: a\ntitle: A\ncategory: memory\n---\ntext\n"


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def rows(data: bytes, name: str = "x.zip") -> list[Sourced]:
    return list(rows_of_upload(name, data))


def test_documents_in_folders_of_a_zip_are_read_and_housekeeping_is_not():
    data = packed(
        ("docs/a.md", DOCUMENT), ("README.md", b"# Hello"), ("__MACOSX/._a.md", b"x"), ("image.png", b"\x89PNG"),
        (".git/x.md", DOCUMENT),
    )  # fmt: skip

    assert [row.source for row in rows(data)] == ["docs/a.md"]


def test_a_zip_in_a_zip_and_a_tar_are_read():
    assert [row.row["id"] for row in rows(packed(("inner.zip", packed(("a.md", DOCUMENT)))))] == ["a"]
    assert [row.row["id"] for row in rows(tarred((tarfile.TarInfo("d/a.md"), DOCUMENT)), "x.tar.gz")] == ["a"]


@pytest.mark.parametrize("name", ["../a.md", "/etc/a.md", "x/../../a.md", "..\\a.md", "C:\\a.md", "\\\\host\\a.md"])
def test_a_path_that_leads_outside_refuses_the_whole(name):
    with translation.override("en"), pytest.raises(UnreadableSource, match="points outside"):
        rows(packed(("good.md", DOCUMENT), (name, DOCUMENT)))


def test_the_sentence_is_in_the_users_language():
    with translation.override("ko"), pytest.raises(UnreadableSource, match="바깥 경로"):
        rows(packed(("../a.md", DOCUMENT)))


def test_a_bomb_by_ratio_is_refused():
    with translation.override("en"), pytest.raises(UnreadableSource, match="grows far too large"):
        rows(packed(*((f"{number}.md", b"0" * 4_000_000) for number in range(10))))


def test_a_bomb_by_size_is_refused(monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(sources, "LIMITS", replace(sources.LIMITS, total_bytes=1_000))

    with translation.override("en"), pytest.raises(UnreadableSource, match="grows far too large"):
        rows(packed(*((f"{number}.md", bytes(range(256))) for number in range(10))))


def test_a_header_that_lies_about_the_size_does_not_help():
    data = bytearray(packed(("a.md", b"0" * 30_000_000)))
    central = data.rindex(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 10)

    with pytest.raises(UnreadableSource):
        rows(bytes(data))


def test_too_many_entries_are_refused(monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(sources, "LIMITS", replace(sources.LIMITS, files=5))

    with translation.override("en"), pytest.raises(UnreadableSource, match="too many entries"):
        rows(packed(*((f"{number}.md", DOCUMENT) for number in range(6))))


def test_archives_nested_too_deeply_are_refused():
    data = packed(("a.md", DOCUMENT))
    for _level in range(3):
        data = packed(("inner.zip", data))

    with translation.override("en"), pytest.raises(UnreadableSource, match="nested too deeply"):
        rows(data)


def test_links_are_left_out_and_said():
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (0o120777) << 16
    symlink = tarfile.TarInfo("link.md")
    symlink.type, symlink.linkname = tarfile.SYMTYPE, "/etc/passwd"

    for data, name in ((packed(("a.md", DOCUMENT), (link, b"/etc/passwd")), "x.zip"),
                       (tarred((tarfile.TarInfo("a.md"), DOCUMENT), (symlink, b"")), "x.tgz")):  # fmt: skip
        found = rows(data, name)
        assert {row.source: isinstance(row.row, Unreadable) for row in found} == {"a.md": False, "link.md": True}


def test_encrypted_entries_are_left_out_and_said():
    data = bytearray(packed(("a.md", DOCUMENT), ("b.md", DOCUMENT)))
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1  # the flag of the first entry in the directory

    with translation.override("en"):
        found = {row.source: row.row for row in rows(bytes(data))}

    assert "encrypted" in found["a.md"].reason
    assert found["b.md"]["id"] == "a"


def test_a_word_file_that_unfolds_without_end_is_refused(monkeypatch):
    from knowledge_base.importing.formats import word

    monkeypatch.setattr(word, "LARGEST_PART", 10_000)

    (row,) = rows(packed(("word/document.xml", b"0" * 20_000)), "x.docx")

    assert isinstance(row.row, Unreadable)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04garbage", b"7z\xbc\xaf\x27\x1c....", b"plain text", packed(("a.exe", b"MZ"))]
)
def test_what_is_no_archive_of_documents_is_refused(data):
    with pytest.raises(UnreadableSource):
        rows(data)
