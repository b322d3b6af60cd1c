"""ACL LIST, and the `user` lines of an ACL file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.parsers.replies import as_list, line_of, plain, read_reply

_LINE = re.compile(r"^\s{0,20}user (\S{1,200}) (.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AclUser:
    """One user. `rules` are its words as printed; `passwords` counts hashes, of which none is kept."""

    name: str
    is_enabled: bool
    needs_no_password: bool
    passwords: int
    rules: tuple[str, ...]
    line: int | None = None

    @property
    def is_all_powerful(self) -> bool:
        return "+@all" in self.rules or "allcommands" in self.rules

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(rule for rule in self.rules if rule.startswith(("~", "%")) or rule == "allkeys")


@dataclass(frozen=True, slots=True)
class AclList:
    users: tuple[AclUser, ...] = ()

    def user(self, name: str) -> AclUser | None:
        return next((user for user in self.users if user.name == name), None)


def parse(value: Any) -> AclList:
    """Read lines, a tree or a list of lines."""
    users = [_user(plain(item), line_of(item)) for item in as_list(read_reply(value))]
    return AclList(tuple(user for user in users if user is not None))


def is_user_line(line: str) -> bool:
    matched = _LINE.match(line.lstrip(" \t0123456789)\"'")[:400])
    return matched is not None and re.search(r"(?:^|\s)(?:on|off|nopass|[~+&#]\S|-@\S)", matched[2]) is not None


def _user(text: str, line: int | None) -> AclUser | None:
    matched = _LINE.match(text[:20_000])
    if matched is None:
        return None
    words = matched[2].split()
    secret = [word for word in words if word.startswith(("#", ">"))]
    rules = tuple(word for word in words if not word.startswith(("#", ">", "<", "!")))
    return AclUser(matched[1], "on" in words, "nopass" in words, len(secret), rules, line)
