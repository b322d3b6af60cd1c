"""The words that house rules are read with: how teams forbid, require, scope and replace. Data in house_rules.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

# Word ends are looked for in Latin letters alone: Korean hangs particles on names and commands (ord-*에서, FLUSHALL을).
COMMAND = re.compile(
    r"(?<![A-Za-z0-9_+@-])(CONFIG SET [a-z][a-z0-9-]*|CONFIG [A-Z]+|FLUSHALL|FLUSHDB|DEL|UNLINK|KEYS|MONITOR|SHUTDOWN|"
    r"DEBUG(?: [A-Z]+)?|SAVE|BGSAVE|BGREWRITEAOF|REPLICAOF|SLAVEOF|FAILOVER|CLUSTER [A-Z-]+|SENTINEL [A-Z-]+|"
    r"SCRIPT [A-Z]+|CLIENT KILL|ACL [A-Z]+|MEMORY PURGE|EVAL|SORT|SWAPDB|RESTORE|MIGRATE)(?![A-Za-z0-9_])"
)
_TICKED = re.compile(r"`([^`]+)`")
_SETTING = re.compile(r"[a-z][a-z0-9]+(?:-[a-z0-9]+)+\Z")


@cache
def words() -> dict[str, Any]:
    with (Path(__file__).parent / "house_rules.toml").open("rb") as stream:
        return tomllib.load(stream)


@cache
def patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.IGNORECASE) for source in words()[name])


def says(sentence: str, name: str) -> bool:
    return any(pattern.search(sentence) for pattern in patterns(name))


def named_ids(sentences: Iterable[str], name: str) -> list[str]:
    """The documents that sentences name in one of the ways of saying `name`."""
    matches = (pattern.search(sentence) for sentence in sentences for pattern in patterns(name))
    return [match["id"].rstrip(".,") for match in matches if match and "id" in match.re.groupindex]


def commands_in(sentence: str) -> list[str]:
    """Commands that a sentence speaks of: by name, by a setting or a value of one, by the act (promote, restart)."""
    found = [*_spelled(sentence), *_by_setting(sentence), *_by_act(sentence)]
    return list(dict.fromkeys(found))


def _spelled(sentence: str) -> Iterator[str]:
    ticked = " ".join(f"`{_in_capitals(text)}`" for text in _TICKED.findall(sentence))
    for command in COMMAND.findall(f"{sentence} {ticked}"):
        setting = command.removeprefix("CONFIG SET ")
        known = setting == command or "-" in setting or setting in words()["settings"]
        yield command if known else "CONFIG SET"


def _in_capitals(text: str) -> str:
    """A command in lower case, as its documentation writes it; what is a setting stays so."""
    bare = text.removeprefix("redis-cli ").strip()
    head, _, rest = bare.partition(" ")
    if head.lower() == "config" and rest.lower().startswith("set "):
        return f"CONFIG SET {rest[4:].lower()}"
    return bare.upper() if head.upper() in words()["lower_case_commands"] else ""


def _by_setting(sentence: str) -> Iterator[str]:
    for text in _TICKED.findall(sentence):
        if _SETTING.match(text) and not _is_value(text):
            yield f"CONFIG SET {text}"
    named = [name for name in words()["settings"] if _stands_in(name, sentence)]
    yield from (f"CONFIG SET {name}" for name in named)
    for setting, values in words()["values"].items():
        if setting not in named:
            yield from (f"CONFIG SET {setting} {value}" for value in re.findall(values, sentence))


def _is_value(text: str) -> bool:
    return any(re.fullmatch(values, text) for values in words()["values"].values())


def _by_act(sentence: str) -> Iterator[str]:
    for act in words()["acts"].values():
        if re.search(act["says"], sentence, re.IGNORECASE):
            yield from act["commands"]


def _stands_in(word: str, sentence: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9_-]){re.escape(word)}(?![A-Za-z0-9_-])", sentence) is not None


def advice_against(commands: Iterable[str]) -> tuple[str, ...]:
    """Patterns that find what is forbidden in prose: "set allkeys-lru" breaks a ban of CONFIG SET maxmemory-policy."""
    found: list[str] = []
    for command in commands:
        setting, _, value = command.removeprefix("CONFIG SET ").partition(" ")
        if command.startswith("CONFIG SET "):
            found += [rf"(?<![A-Za-z0-9_-]){re.escape(value or setting)}(?![A-Za-z0-9_-])"]
            found += [words()["values"][setting]] if not value and setting in words()["values"] else []
        else:
            found.append(rf"(?<![A-Za-z0-9_@+-]){re.escape(command)}(?![A-Za-z0-9_-])")
    acts = [act["says"] for act in words()["acts"].values() if set(act["commands"]) <= set(commands)]
    return tuple(dict.fromkeys([*found, *(f"(?i:{says})" for says in acts)]))
