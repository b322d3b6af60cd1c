import os

import pytest

from incidents.diagnostics.decoding import DecodeError, decode_text

KOREAN = "4817:M 22 Nov 2026 11:48:38.089 * 결제 서비스에서 로그인이 실패합니다\n"


def refusal(data, **options):
    with pytest.raises(DecodeError) as caught:
        decode_text(data, **options)
    assert caught.value.text.ko
    assert "{" not in caught.value.text.en
    return caught.value.kind


class TestDecodeText:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949", "euc-kr"]
    )
    def test_reads_what_korean_machines_write(self, encoding):
        text = "redis log\n" * 20 + KOREAN  # without a mark, UTF-16 is told by the zeros between ASCII letters

        assert decode_text(text.encode(encoding)).lstrip("\ufeff") == text

    def test_reads_latin_1(self):
        assert decode_text("Größe überschritten: señal\n".encode("latin-1") * 5).startswith("Größe")

    def test_reads_utf_8_that_was_cut_in_the_middle_of_a_letter(self):
        assert decode_text((KOREAN * 3).encode()[:-3]).startswith(KOREAN)

    def test_drops_the_zeros_that_a_power_cut_leaves_in_a_log(self):
        assert decode_text(KOREAN.encode() * 10 + b"\x00" * 100 + KOREAN.encode()) == KOREAN * 11


class TestRefusal:
    @pytest.mark.parametrize("data", [b"", b"  \r\n", b"\x00\x00", b"\xef\xbb\xbf\n"])
    def test_of_nothing(self, data):
        assert refusal(data) == "empty"

    @pytest.mark.parametrize(
        "data", [b"\x7fELF\x02\x01", b"\x89PNG\r\n\x1a\n" + b"a" * 50, bytes(range(256)) * 20, b"%PDF-1.7 x"]
    )
    def test_of_binary_files(self, data):
        assert refusal(data) == "binary"

    def test_of_a_dump_with_the_data_in_it(self):
        assert refusal(b"REDIS0011\xfa\tredis-ver\x057.0.15") == "rdb"

    def test_of_a_file_above_the_limit(self):
        assert refusal(b"a" * (2 << 20), max_bytes=1 << 20) == "too_large"

    def test_of_an_encoding_that_nobody_can_tell(self):
        assert refusal("Привет, Редис не отвечает".encode("koi8-r") * 9) == "bad_encoding"

    def test_of_noise(self):
        assert refusal(os.urandom(5000)) in ("binary", "bad_encoding")
