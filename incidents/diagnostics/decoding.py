"""From the bytes of an upload to text, or one clear reason why not."""

from __future__ import annotations

import codecs
import re
from types import MappingProxyType

from incidents.diagnostics.text import Text

MEBIBYTE = 1 << 20
SAMPLE = 4 * MEBIBYTE  # bytes by which encodings are weighed

REASONS = MappingProxyType(
    {
        "empty": Text(ko="파일이 비어 있습니다.", en="The file is empty."),
        "binary": Text(
            ko="텍스트 파일이 아닙니다. 로그나 명령 출력 같은 텍스트를 올려 주십시오.",
            en="This is not a text file. Please upload text such as a log or the output of a command.",
        ),
        "rdb": Text(
            ko="RDB 덤프 파일입니다. 데이터가 들어 있으므로 올리지 마시고 서버 로그와 INFO를 올려 주십시오.",
            en="This is an RDB dump. It holds your data: keep it, and upload the server log and INFO instead.",
        ),
        "too_large": Text(
            ko="파일이 너무 큽니다. 한도는 {limit} MB입니다. 장애 시각 전후만 잘라서 올려 주십시오.",
            en="The file is too large. The limit is {limit} MB. Please cut out the time around the incident.",
        ),
        "bad_encoding": Text(
            ko="문자 인코딩을 알 수 없습니다. UTF-8로 저장해서 다시 올려 주십시오.",
            en="The character encoding is not recognised. Please save the file as UTF-8 and upload it again.",
        ),
    }
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    b"\x7fELF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"%PDF",
    b"GIF8",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ",
    b"MZ\x90",
)
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 12, 13, 27)) + b"\x7f"
_HIGH = re.compile(r"[^\x00-\x7f]")


class DecodeError(ValueError):
    """A text that can't be read. `kind` is one of empty, binary, rdb, too_large, bad_encoding."""

    def __init__(self, kind: str, **values: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.text = REASONS[kind].format(**values)


def decode_text(data: bytes, *, max_bytes: int | None = None) -> str:
    """Return the text of a file in UTF-8, UTF-16, CP949 (EUC-KR) or Latin-1. Raise DecodeError."""
    if max_bytes is not None and len(data) > max_bytes:
        raise DecodeError("too_large", limit=max_bytes // MEBIBYTE)
    if not data.strip(b"\x00 \t\r\n"):
        raise DecodeError("empty")
    if data.startswith((b"REDIS0", b"VALKEY0")):
        raise DecodeError("rdb")
    text = _by_mark(data) or _without_mark(data)
    if not text.strip("\ufeff \t\r\n\x00"):
        raise DecodeError("empty")
    return text


def _by_mark(data: bytes) -> str:
    """Decode by the byte order mark, or by the zero bytes of UTF-16 without one."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strictly(data, encoding) or data.decode(encoding, "replace")
    sample = data[:4096]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if (
            len(sample) >= 8
            and sample[offset::2].count(0) * 10 > len(sample) // 2 * 7
            and sample[1 - offset :: 2].count(0) == 0
        ):
            return _strictly(data, encoding)
    return ""


def _without_mark(data: bytes) -> str:
    if _is_binary(data[:SAMPLE]):
        raise DecodeError("binary")
    # A crash or a full disk leaves stretches of zero bytes in logs.
    data = data.replace(b"\x00", b"") if b"\x00" in data else data
    text = _strictly(data, "utf-8")
    if text:
        return text
    sample = data[:SAMPLE]
    if _is_korean(sample):
        return data.decode("cp949", "replace")
    if _broken_share(sample) < 0.3:
        return data.decode("utf-8", "replace")
    if _is_latin(sample):
        return data.decode("latin-1")
    raise DecodeError("bad_encoding")


def _is_binary(sample: bytes) -> bool:
    if sample.startswith(_MAGIC):
        return True
    zeros = sample.count(0)
    controls = len(sample) - len(sample.translate(None, _CONTROLS)) - zeros
    return zeros * 10 > len(sample) * 3 or controls * 50 > len(sample)


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _is_korean(sample: bytes) -> bool:
    """Whether nearly all that is not ASCII reads as everyday Hangul in CP949."""
    text = sample.decode("cp949", "replace")
    high = _HIGH.findall(text)
    everyday = sum(1 for character in high if _is_everyday(character))
    return bool(high) and everyday >= 0.8 * len(high)


def _is_everyday(character: str) -> bool:
    """Whether EUC-KR holds a syllable: its 2,350 are those in use, CP949 adds the rest."""
    if not "가" <= character <= "힣":
        return False
    try:
        character.encode("euc_kr")
    except UnicodeEncodeError:
        return False
    return True


def _broken_share(sample: bytes) -> float:
    """Return how much of what is not ASCII is no UTF-8: a cut or a stray byte leaves little."""
    high = _HIGH.findall(sample.decode("utf-8", "replace"))
    return high.count("\ufffd") / len(high) if high else 0.0


def _is_latin(sample: bytes) -> bool:
    """Whether bytes above ASCII are rare and none is a control character of Latin-1."""
    high = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
    controls = len(sample) - len(sample.translate(None, bytes(range(128, 160))))
    return controls == 0 and high * 5 < len(sample)
