"""What clients got back: error replies with or without their code, and exceptions of client libraries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from incidents.diagnostics.parsers.log_formats import clean
from incidents.diagnostics.parsers.server_log import LineMeaning, event_catalogue, recognise_line

# "(x1204)", "x 1204", "1204 times", "[1204x]": how often the line was seen.
_REPETITION = re.compile(
    r"\s*[(\[]?(?:(?<![\w.])[x×]\s?(?P<before>[\d,]{1,12})|(?P<after>[\d,]{1,12})\s?(?:[x×]|times|회|번|건))(?!\w)[)\]]?\s*$",
    re.IGNORECASE,
)
_SAME = re.compile(r"^(?:the same|same|ditto|″|동일|위와 같음)\b[^:]{0,40}$", re.IGNORECASE)
_CODE = re.compile(r"(?:^|[\s:'\"(-])-?(?P<code>[A-Z]{3,15})(?=[\s:])(?=.{2})")
_MARKED_CODE = re.compile(r"(?:^|: )(?:\(error\) |-)(?P<code>[A-Z]{3,15}) ")
_NO_REPORTERS = frozenset({"error", "redis", "exception", "warning", "caused by", "err", "(error)", "replyerror"})
_REPORTER = re.compile(r"^(?P<reporter>[\w./@ -]{1,60}?): +(?=\S)")
_EXCEPTION = re.compile(
    r"(?<![\w$])(?P<name>(?:[A-Za-z_$][\w$]*[.:]{1,2}){0,12}[A-Z][\w$]*(?:Error|Exception|Timeout))\b"
)

MAX_LINE = 4000


@dataclass(frozen=True, slots=True)
class ClientError:
    """One kind of error that a client reported, as often as it says."""

    line: int
    text: str
    count: int
    code: str  # of the reply, restored where the library had stripped it; "" for errors that are no replies
    exception: str  # "redis.exceptions.ConnectionError", "" when none is named
    reporter: str  # who saw it, where the line says so: a host, a service, "redis-cli"
    meaning: LineMeaning | None


def parse(text: str) -> tuple[ClientError, ...]:
    """Read client errors, one per line. Stack-trace lines and blank ones are passed over."""
    errors: list[ClientError] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = clean(raw[:MAX_LINE]).strip()
        if line and not _is_stack_frame(line):
            errors.append(_read(line, number, errors[-1] if errors else None))
    return tuple(errors)


def looks_like(text: str) -> float:
    """Return how much of a text reads as error replies and exceptions, from 0 to 1."""
    lines = [line.strip() for line in text[:20_000].splitlines()[:60] if line.strip()]
    if not lines:
        return 0.0
    known = sum(1 for line in lines if _is_stack_frame(line) or is_client_error(line))
    return known / len(lines)


def is_client_error(line: str) -> bool:
    """Return whether a line is an error that a client saw, rather than a server's log line."""
    meaning = recognise_line(line)
    return meaning is not None and event_catalogue()[meaning.event].area == "client_errors"


def _read(line: str, number: int, previous: ClientError | None) -> ClientError:
    text, count = _without_repetition(line)
    reporter = _reporter_of(text)
    body = text[len(reporter) :].lstrip(": ") if reporter else text
    if previous is not None and _SAME.match(body):
        return ClientError(number, line, count, previous.code, previous.exception, reporter, previous.meaning)
    meaning = recognise_line(text)
    exception = match["name"] if (match := _EXCEPTION.search(text)) else ""
    return ClientError(number, line, count, _code_of(text, meaning), exception, reporter, meaning)


def _without_repetition(line: str) -> tuple[str, int]:
    match = _REPETITION.search(line)
    if match is None:
        return line, 1
    digits = (match["before"] or match["after"]).replace(",", "")
    return line[: match.start()], max(int(digits), 1) if digits else 1


def _reporter_of(text: str) -> str:
    match = _REPORTER.match(text)
    if match is None or _EXCEPTION.search(match["reporter"]) or match["reporter"].lower() in _NO_REPORTERS:
        return ""
    words = match["reporter"].split()
    # "Could not connect to Redis at …: refused" is a sentence, "billing-api-1: …" a name.
    return match["reporter"] if len(words) <= 4 and not any(word.isupper() and len(word) > 3 for word in words) else ""


def _code_of(text: str, meaning: LineMeaning | None) -> str:
    if match := _MARKED_CODE.search(text):
        return match["code"]
    written = next((m["code"] for m in _CODE.finditer(text) if m["code"] in _known_codes()), "")
    return written or (event_catalogue()[meaning.event].code if meaning else "")


@cache
def _known_codes() -> frozenset[str]:
    return frozenset(pattern.code for pattern in event_catalogue().values() if pattern.code)


def _is_stack_frame(line: str) -> bool:
    return line.startswith(("at ", 'File "', "Traceback (", "... ", "from /", "goroutine ", "#0 ", "#1 ", "^"))
