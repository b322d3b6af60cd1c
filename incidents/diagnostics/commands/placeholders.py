"""Stand-ins in commands that we show: <bytes>, {key}, $HOST, N, H:P. Each stands for one argument of the right type."""

from __future__ import annotations

import re

ELLIPSES = ("...", "…")
BRACKETED = re.compile(
    r"<[^<>\s][^<>\n]{0,120}>|\{\{?[^{}\s][^{}]{0,120}\}?\}|\$\(.{0,400}\)|\$\{?[A-Za-z_@][A-Za-z0-9_]*\}?|\$\d|`[^`]{1,400}`",
    re.S,
)
METAVARIABLE = re.compile(
    r"[A-Za-z]|[A-Z]:[A-Z]|(?:HOST|IP|ADDR|NODE)(?::PORT)?|PORT|BYTES|KEY|KEYS|ID|NAME|VALUE|SECONDS|MS|MILLISECONDS|COUNT"
    r"|SLOT|NODE_?ID|PASSWORD|PASS|USER|PID|FILE|PATH|DB|XX+|[A-Z]+_[A-Z_]+"
)
TYPE_PATTERNS = {
    "int": re.compile(r"[+-]?\d+"),
    "time": re.compile(r"\d+"),
    "acl-rule": re.compile(
        r"on|off|nopass|resetpass|reset|allkeys|resetkeys|allchannels|resetchannels|allcommands|nocommands|clearselectors"
        r"|sanitize-payload|skip-sanitize-payload|alldbs|resetdbs|db=.*|[+-]@?[\w|.-]+|[~&].*|%[RW~]+.*|[><#!].+|\(.*|.*\)",
        re.I | re.S,
    ),
    "num": re.compile(r"\(?[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\(?[+-]?inf(?:inity)?", re.I),
}


def is_ellipsis(word: str) -> bool:
    return word in ELLIPSES


def is_placeholder(word: str) -> bool:
    """Say whether a word holds a bracketed stand-in, such as <id>, {key} or $HOST."""
    return BRACKETED.search(word) is not None


def is_metavariable(word: str) -> bool:
    """Say whether a bare word is a stand-in by custom: N, H:P, HOST, NODE_ID."""
    return METAVARIABLE.fullmatch(word) is not None


def fits_type(word: str, kind: str) -> bool:
    """Say whether a word can stand where an argument of this type is expected."""
    pattern = TYPE_PATTERNS.get(kind)
    return pattern is None or pattern.fullmatch(word) is not None or is_metavariable(word)
