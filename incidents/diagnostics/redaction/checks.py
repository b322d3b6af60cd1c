"""Look twice at what a pattern found: is it really an address, a card, a secret?

A check gets the whole text with the place, because a number's neighbours tell a card from a counter.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping

Check = Callable[[str, int, int], bool]

LABEL = re.compile(r"([\w.-]{1,60})[\"']?\s{0,3}[:=]\s{0,3}[\"']?$")
MEASURES = re.compile(
    r"(?:bytes|usec|msec|memory|rss|peak|offset|offsets|time|times|size|mem|count|calls|processed|received|hits|misses"
    r"|keys|sec|seconds|histlen|cow|total|buffer|backlog|rate|ops|clock|epoch|id|limit|max|min|used|usage|capacity)$",
    re.IGNORECASE,
)
VERSION_BEFORE = re.compile(
    r"(?<![A-Za-z])(?:\w*version|ver|release|build)\S{0,2}\s{0,2}$|(?<![A-Za-z])v$", re.IGNORECASE
)
LOCAL_ADDRESSES = {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::"}  # noqa: S104 - told apart, not bound
FILE = re.compile(
    r"\.(?:conf|cfg|rdb|aof|log|gz|sock|pid|c|h|py|js|ts|go|rs|rb|java|sh|json|ya?ml|toml|txt|md|so|lua|service)$", re.I
)
HEX = re.compile(r"[0-9a-fA-F]+")
WORDY = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d{1,4}")
LEAST_ENTROPY = 3.3  # bits per character; English words stay near 3, random letters and digits of 20+ characters above
CLINGING = ".,;:!?()[]{}\"'`"
# Angle brackets of documentation may drag punctuation and Korean particles along: "<password>`를".
PLACEHOLDERS = re.compile(
    r"\*+|[xX]{3,}|•+|\.{3}|['\"`]*<[a-z][a-z0-9 _|-]*>[^A-Za-z0-9]*|<[A-Z]+_\d{1,6}>|\(?\*?\[?(?i:redacted)\]?\*?\)?"
    r"|\$\{\w+\}|\$[A-Z][A-Z_]+|%[A-Z_]+%|\{\{[^{}]*\}\}"
)
LEAST_PIECE = 10  # a random token has one run of letters and digits at least as long, whatever divides it
RUN_ID = 40  # characters of Redis' own ids, which are neither secret nor of use elsewhere


def label_before(text: str, start: int) -> str:
    """Return the name that a value is given, as in "used_memory:12" or "x": 12."""
    found = LABEL.search(text, max(0, start - 70), start)
    return found[1] if found else ""


def is_measure(text: str, start: int, end: int) -> bool:
    """Whether a number is the value of a counter or a size."""
    return bool(MEASURES.search(label_before(text, start)))


def ipv4(text: str, start: int, end: int) -> bool:
    value = text[start:end]
    if value in LOCAL_ADDRESSES or VERSION_BEFORE.search(text, max(0, start - 12), start):
        return False
    return all(int(part) <= 255 for part in value.split("."))


def ipv6(text: str, start: int, end: int) -> bool:
    value = text[start:end]
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    looks_like_words = not any(map(str.isdigit, value)) and value.count(":") < 4  # "a::b" in some programs' text
    return value not in LOCAL_ADDRESSES and not looks_like_words


def card(text: str, start: int, end: int) -> bool:
    """Payment card numbers: a known first digit, the length, Luhn's sum; no counters."""
    digits = [int(digit) for digit in text[start:end] if digit.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and not is_measure(text, start, end)


def rrn(text: str, start: int, end: int) -> bool:
    """Korean resident registration numbers: a birth date and a century digit; a checksum if written in one run."""
    value = text[start:end]
    digits = [int(digit) for digit in value if digit.isdigit()]
    month, day = digits[2] * 10 + digits[3], digits[4] * 10 + digits[5]
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return False
    if not value.isdigit():  # with its hyphen it is unmistakable; those issued since 2020 have no checksum
        return True
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    expected = (11 - sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11) % 10
    return digits[12] == expected and not is_measure(text, start, end)


def is_host(value: str) -> bool:
    """Whether a name can be a machine's: not a number, a version, a local address or a file."""
    local = value in LOCAL_ADDRESSES or value.lower() == "no"  # REPLICAOF NO ONE
    return not local and bool(re.search("[A-Za-z]", value)) and not FILE.search(value)


def machine(text: str, start: int, end: int) -> bool:
    """Whether a word in prose is a machine's name: letters and a digit, and no id."""
    value = text[start:end]
    return any(map(str.isdigit, value)) and is_host(value) and not (len(value) >= 8 and HEX.fullmatch(value))


def random_looking(text: str, start: int, end: int) -> bool:
    """Whether a long token looks made by a machine, and not of words, a path or an id of Redis."""
    value = text[start:end]
    if value.startswith(("0x", "/")) or text.endswith("sha256:", 0, start):
        return False
    longest = max(re.split(r"[-_+/]", value), key=len)
    if len(longest) < LEAST_PIECE or (len(longest) == RUN_ID and HEX.fullmatch(longest)):
        return False
    letters_in_words = sum(len(word) for word in WORDY.findall(value) if len(word) > 3)
    classes = sum(bool(re.search(group, value)) for group in ("[a-z]", "[A-Z]", "[0-9]"))
    return classes >= 2 and letters_in_words <= len(value) * 0.6 and entropy(value) >= LEAST_ENTROPY


def entropy(value: str) -> float:
    """Return Shannon's entropy in bits per character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for one: "<password>", "${PASSWORD}", "****", or nothing but punctuation."""
    return bool(PLACEHOLDERS.fullmatch(value)) or not value.strip(CLINGING)


def assigned(text: str, start: int, end: int) -> bool:
    """Whether a word after a colon is a value, and not the beginning of a sentence."""
    begins_sentence = text[start - 1 : start] == " " and re.match(r"[ \t]+[A-Za-z가-힣]", text[end : end + 4])
    return not (begins_sentence and text[start:end].strip(CLINGING).isalpha())


def is_distinctive(value: str) -> bool:
    """Whether a value can hardly be an ordinary word: digits, symbols or mixed case."""
    value = value.strip(CLINGING)
    if len(value) < 4:
        return False
    has_digit = any(map(str.isdigit, value))
    has_symbol = any(not character.isalnum() and character not in "-_." for character in value)
    mixed = value != value.lower() and value[1:] != value[1:].lower() and value != value.upper()
    return has_symbol or mixed or (has_digit and not value.isdigit()) or (value.isdigit() and len(value) >= 6)


CHECKS: Mapping[str, Check] = {
    "ipv4": ipv4,
    "ipv6": ipv6,
    "card": card,
    "rrn": rrn,
    "machine": machine,
    "assigned": assigned,
    "random": random_looking,
    "distinctive": lambda text, start, end: is_distinctive(text[start:end]),
}
