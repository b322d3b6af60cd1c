"""The shapes in which a log line reaches us: the server's own formats, and what collectors wrap around them."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

LEVELS = {".": "debug", "-": "verbose", "*": "notice", "#": "warning", "info": "verbose"}
ROLES = {"sentinel": "X", "RDB/AOF": "C", "replica": "S", "slave": "S", "primary": "M", "master": "M"}

_DATE = r"\d{1,2} [A-Z][a-z]{2}(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,6})?"
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"

# "1:M 22 Nov 2026 11:42:34.899 # message", also without the year, with ISO 8601 or with milliseconds.
_MODERN = re.compile(rf"(\d{{1,10}}):([MSCX]) ({_DATE}|{_ISO}|\d{{13}}) ([.*#-]) ?(.*)", re.DOTALL)
_MODERN_INSIDE = re.compile(rf"(?<![\w:.]){_MODERN.pattern}", re.DOTALL)
# "[4018] 14 Nov 07:01:22.119 * message": Redis 2.x.
_BRACKETED = re.compile(rf"\[(\d{{1,10}})\] ({_DATE}) ([.*#-]) ?(.*)", re.DOTALL)
_BRACKETED_INSIDE = re.compile(rf"(?<!\w){_BRACKETED.pattern}", re.DOTALL)
# "1:signal-handler (1794071565) message", in 2.x "[1 | signal handler] (1794071565) message".
_HANDLER = re.compile(
    r"(?:^|(?<=[\s|\"]))\[?(\d{1,10})(?::signal-handler| \| signal handler\]) \((\d{1,12})\) (.*)", re.DOTALL
)
_LOGFMT = re.compile(
    r'(?:^|.{0,300}?[\s|])pid=(\d{1,10}) role=(\S{1,12}) timestamp="([^"]{1,40})" level=(\w{1,10}) '
    r'message="(.*?)"?\s*$',
    re.DOTALL,
)
# Where a log was cut, the first line may start in the middle of its stamp: "2026 11:42:34.899 # message".
_CUT = re.compile(r"[\w:.]{0,12}(?: ?[\w:.]{1,12}){0,4} ([.*#-]) ([A-Z+\-*=!].*)", re.DOTALL)

# Wrappers around lines that do not carry the server's own header. Each leaves (stamp, rest) or (rest).
_WRAPPERS = (
    re.compile(rf"(?P<stamp>{_ISO}) (?:stdout|stderr) [FP] (?P<rest>.*)", re.DOTALL),  # CRI
    re.compile(r"[\w.-]{1,80} {0,40}\| (?P<rest>.*)", re.DOTALL),  # docker compose
    re.compile(
        r"(?:<\d{1,3}>)?(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S{1,80} "
        r"(?P<tag>[\w./@-]{1,60})(?:\[(?P<pid>\d{1,10})\])?: (?P<rest>.*)",
        re.DOTALL,
    ),  # syslog, journalctl
    re.compile(
        rf"(?:<\d{{1,3}}>\d? ?)?(?P<stamp>{_ISO}) \S{{1,80}} "
        r"(?P<tag>[\w./@-]{1,60})(?:\[(?P<pid>\d{1,10})\])?: (?P<rest>.*)",
        re.DOTALL,
    ),  # journalctl -o short-iso, rsyslog
    re.compile(rf"\[?(?P<stamp>{_ISO})\]? (?P<rest>.*)", re.DOTALL),  # kubectl logs --timestamps, docker logs -t
)
_MESSAGE_KEYS = ("log", "message", "msg", "MESSAGE", "textPayload", "body", "line", "event")
_TIME_KEYS = ("@timestamp", "timestamp", "time", "ts", "date")
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_CONTROL = re.compile(r"^[\x00-\x08\x0e-\x1f\ufeff\ufffd]{1,16}")  # byte order mark, Docker's stream header
_QUOTE = re.compile(r'(?<!\\)"')

MAX_JSON = 65_536  # characters; longer lines are not opened
NESTING = 3


class Header(NamedTuple):
    """What stands before the message. `stamp` is still text; `epoch` is set for signal-handler lines."""

    pid: str
    role: str
    stamp: str
    level: str
    message: str
    epoch: int | None = None


def read_header(line: str) -> Header | None:
    """Return the header and message of a line, or None for a continuation line (crash reports, dumps)."""
    # The plain format first: it is nearly every line of nearly every log.
    match = _MODERN.match(line)
    if match:
        return Header(match[1], match[2], match[3], LEVELS[match[4]], match[5])
    return _read_uncommon(clean(line))


def read_cut_line(line: str) -> Header | None:
    """Return what is left of a first line that was cut within its stamp."""
    match = _CUT.match(line)
    if match and len(line) - len(match[2]) <= 40:
        return Header("", "", "", LEVELS[match[1]], match[2])
    return None


def clean(line: str) -> str:
    """Drop colours, byte order marks and stream headers."""
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    if line and not line[0].isprintable():
        line = _CONTROL.sub("", line)
    return line


def _read_uncommon(line: str, depth: int = 0) -> Header | None:
    if line.startswith("{") and len(line) <= MAX_JSON and (header := _read_json(line, depth)):
        return header
    head = line[:400]  # a header deep inside a message is somebody quoting a log
    match = _MODERN_INSIDE.search(line) if _maybe_header(head) else None
    if match and match.start() < len(head):
        return Header(match[1], match[2], match[3], LEVELS[match[4]], _unquote(line, match.start(), match[5]))
    if "signal" in head and (match := _HANDLER.search(line)):
        return Header(match[1], "", "", "warning", match[3], int(match[2]))
    if "pid=" in head and (match := _LOGFMT.match(line)):
        return Header(match[1], _role(match[2]), match[3], _level(match[4]), match[5])
    if "[" in head and (match := _BRACKETED_INSIDE.search(line)):
        return Header(match[1], "", match[2], LEVELS[match[3]], match[4])
    return _read_wrapped(line, depth)


def _maybe_header(head: str) -> bool:
    return any(mark in head for mark in (":M ", ":S ", ":C ", ":X "))


def _unquote(line: str, start: int, message: str) -> str:
    """Undo the quoting of a header within a quoted field, such as that of a JSON record that was cut off."""
    if start and line[start - 1] == '"':
        return _QUOTE.split(message, maxsplit=1)[0].replace("\\n", "").replace('\\"', '"').rstrip()
    return message


def _read_json(line: str, depth: int) -> Header | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # cut-off records are common, nested ones are hostile
        return None
    if not isinstance(record, dict):
        return None
    message = next((record[key] for key in _MESSAGE_KEYS if isinstance(record.get(key), str)), None)
    if message is None:
        return None
    message = message.rstrip("\r\n")
    inner = _read_inner(message, depth)
    if inner is not None:
        return inner
    stamp = next((str(record[key]) for key in _TIME_KEYS if record.get(key)), "")
    return Header(
        str(record.get("pid", "")),
        _role(str(record.get("role", ""))),
        stamp,
        _level(str(record.get("level", ""))),
        message,
    )


def _read_wrapped(line: str, depth: int) -> Header | None:
    for wrapper in _WRAPPERS:
        if match := wrapper.match(line):
            parts = match.groupdict()
            inner = _read_inner(parts["rest"], depth)
            if inner is not None:
                return inner if inner.stamp else inner._replace(stamp=parts.get("stamp") or "")
            if parts.get("stamp") or "|" in line[:120]:
                pid = parts.get("pid") or ""
                return Header(pid, "", parts.get("stamp") or "", "", parts["rest"])
    return None


def _read_inner(text: str, depth: int) -> Header | None:
    if match := _MODERN.match(text):
        return Header(match[1], match[2], match[3], LEVELS[match[4]], match[5])
    return _read_uncommon(text, depth + 1) if depth < NESTING else None


def _role(word: str) -> str:
    return ROLES.get(word, word if len(word) == 1 else "")


def _level(word: str) -> str:
    return LEVELS.get(word.lower(), word.lower())
