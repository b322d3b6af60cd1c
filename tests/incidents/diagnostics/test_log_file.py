"""A log that is read from the disk says what the same text says, and costs no memory."""

import gzip
import io
import tarfile

import pytest

from benchmarks import material
from incidents.diagnostics import log_file
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.diagnostics.log_file import LogFile

LINES = list(material.log_lines(6_000))
LINES[3_000] = "2417:M 02 Mar 2026 04:10:00.000 # MISCONF Errors writing to the AOF file: No space left on device"
TEXT = "\n".join(LINES) + "\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "redis-7.log"
    path.write_text(TEXT)
    return path


class LogFileTests:
    def test_yields_every_line_and_tells_how_far_it_is(self, path, monkeypatch):
        monkeypatch.setattr(log_file, "REPORT_EVERY", 1_000)
        shares = []

        lines = list(LogFile("redis.log", path, shares.append).lines())

        assert [line.rstrip("\n") for line in lines] == LINES
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert len(shares) == 7

    def test_keeps_whole_lines_of_both_ends(self, path, monkeypatch):
        monkeypatch.setattr(log_file, "END", 10_000)

        log = LogFile("redis.log", path)

        kept = log.excerpt.splitlines()
        assert kept[0] == LINES[0]
        assert kept[-1] == LINES[-1]
        assert set(kept) <= set(LINES)
        assert len(log.excerpt) < 20_001
        assert log.line_count == TEXT.count("\n") + 1

    def test_holds_a_short_log_whole(self, tmp_path):
        path = tmp_path / "a.log"
        path.write_text("one\ntwo")

        assert LogFile("a", path).excerpt == "one\ntwo"
        assert LogFile("a", path).line_count == 2

    def test_reads_gzip(self, tmp_path, path):
        packed = tmp_path / "redis.log.gz"
        packed.write_bytes(gzip.compress(TEXT.encode()))

        log = LogFile("redis.log", packed)

        assert [line.rstrip("\n") for line in log.lines()] == LINES
        assert log.excerpt == LogFile("redis.log", path).excerpt

    def test_passes_over_the_rest_of_an_endless_line(self, tmp_path):
        path = tmp_path / "a.log"
        path.write_text("one\n" + "x" * 200_000 + "\nthree\n")

        lines = list(LogFile("a", path).lines())

        assert [len(line) for line in lines] == [4, log_file.LONGEST_LINE, 6]

    def test_is_large_from_a_size_on_and_never_for_a_packed_folder(self, tmp_path, path, monkeypatch):
        monkeypatch.setattr(log_file, "LARGE", 1_000)
        monkeypatch.setattr(log_file, "LARGE_PACKED", 100)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            archive.add(path, "redis.log")
        folder = tmp_path / "logs.tar.gz"
        folder.write_bytes(buffer.getvalue())
        short = tmp_path / "short.log"
        short.write_text("one")

        assert LogFile("redis.log", path).is_large
        assert not LogFile("logs", folder).is_large
        assert not LogFile("short", short).is_large


class DiagnoseTests:
    def test_finds_the_same_with_the_same_lines(self, path):
        streamed = diagnose(IncidentInput(files=(LogFile("redis-7.log", path),)))
        held = diagnose(IncidentInput(files=(UploadedText("redis-7.log", TEXT),)))

        assert streamed.examination.findings == held.examination.findings
        assert streamed.dossier.nodes[0].log.lines == held.dossier.nodes[0].log.lines
        assert any(e.line == 3_001 for f in streamed.examination.findings for e in f.evidence)

    def test_reads_rotated_logs_in_the_order_of_time(self, tmp_path):
        for name, part in (("redis.log", LINES[3_000:]), ("redis.log.1", LINES[:3_000])):
            (tmp_path / name).write_text("\n".join(part))

        files = tuple(LogFile(name, tmp_path / name) for name in ("redis.log", "redis.log.1"))
        (node,) = diagnose(IncidentInput(files=files)).dossier.nodes

        assert node.log.lines == len(LINES)
        assert node.log.first_at < node.log.last_at
