import gzip
import io
import tarfile
import zipfile

import pytest

from incidents.diagnostics.archive import Limits, UnpackError, is_archive, unpack

LOG = b"4817:M 22 Nov 2026 11:48:38.089 * Ready\n" * 20


def zipped(**entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(*members, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def refusal(data, **limits):
    with pytest.raises(UnpackError) as caught:
        unpack("upload", data, limits=Limits(**limits))
    assert caught.value.text.ko
    assert caught.value.text.en
    return caught.value.kind


class TestUnpack:
    def test_opens_a_gzipped_log(self):
        (file,) = unpack("server.log.gz", gzip.compress(LOG)).files

        assert (file.name, file.text) == ("server.log", LOG.decode())

    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
    def test_opens_a_tar_of_a_directory(self, mode):
        data = tarred(("./bundle/node-7001.log", LOG), ("./bundle/node-7001.info", b"role:master"), mode=mode)

        assert [file.name for file in unpack("b.tar", data).files] == [
            "./bundle/node-7001.log",
            "./bundle/node-7001.info",
        ]

    def test_opens_a_zip_with_compressed_logs_inside(self):
        data = zipped(
            **{"a/node-1.log.gz": gzip.compress(LOG), "a/node-2.log": LOG, "__MACOSX/a/._node-2.log": b"\x00\x05"}
        )

        assert sorted(file.name for file in unpack("b.zip", data).files) == ["a/node-1.log", "a/node-2.log"]

    def test_goes_by_the_bytes_and_not_by_the_name(self):
        assert unpack("log.txt", gzip.compress(LOG)).files[0].text == LOG.decode()
        assert not is_archive(LOG)

    def test_leaves_out_what_is_no_text_and_says_so(self):
        found = unpack(
            "b.zip",
            zipped(**{"dump.rdb": b"REDIS0011\xfa", "a.log": LOG, "core": b"\x7fELF\x00\x01", "empty.log": b""}),
        )

        assert [file.name for file in found.files] == ["a.log"]
        assert {skipped.name: skipped.kind for skipped in found.skipped} == {
            "dump.rdb": "rdb",
            "core": "binary",
            "empty.log": "empty",
        }

    def test_follows_no_links(self):
        link = tarfile.TarInfo("passwd.log")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"

        found = unpack("b.tar.gz", tarred((link, b""), ("a.log", LOG)))

        assert [(skipped.name, skipped.kind) for skipped in found.skipped] == [("passwd.log", "link")]
        assert len(found.files) == 1


class TestRefusal:
    @pytest.mark.parametrize(
        "path", ["../evil.log", "/etc/evil.log", "a/../../evil.log", "..\\evil.log", "C:\\evil.log"]
    )
    def test_of_paths_that_lead_outside(self, path):
        assert refusal(zipped(**{path: LOG})) == "unsafe_path"
        assert refusal(tarred((path, LOG))) == "unsafe_path"

    def test_of_a_bomb_by_its_ratio(self):
        assert refusal(gzip.compress(b"\n" * (30 << 20)), ratio=100) == "bomb"

    def test_of_a_bomb_by_its_size(self):
        assert refusal(zipped(**{"a.log": b"a" * 5000}), file_bytes=4000) == "bomb"
        assert refusal(zipped(**{f"{n}.log": b"a" * 3000 for n in range(4)}), total_bytes=10_000) == "bomb"
        assert refusal(tarred(("a.log", b"a" * 5000)), file_bytes=4000) == "bomb"

    def test_of_too_many_entries(self):
        assert refusal(zipped(**{f"{n}.log": LOG for n in range(6)}), files=5) == "too_many_files"

    def test_of_archives_nested_too_deeply(self):
        data = LOG
        for _ in range(4):
            data = gzip.compress(data)

        assert refusal(data) == "too_deep"

    @pytest.mark.parametrize(
        "data", [gzip.compress(LOG)[:-30], b"\x1f\x8b" + b"x" * 50, b"PK\x03\x04" + b"\x00" * 60, b"BZhxxxx"]
    )
    def test_of_damaged_archives(self, data):
        assert refusal(data) == "bad_archive"

    def test_of_formats_that_nobody_here_reads(self):
        assert refusal(b"7z\xbc\xaf\x27\x1c" + b"\x00" * 40) == "unsupported"

    def test_of_an_archive_without_any_text(self):
        assert refusal(zipped(**{"dump.rdb": b"REDIS0011"})) == "no_text"
