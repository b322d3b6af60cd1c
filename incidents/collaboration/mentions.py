"""Find the people that a text names with @. A name that is nobody's stays text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 20  # names in one text; more of them is a mistake or an attack
AT = re.compile(r"(?<![\w@/.+-])@([\w.+@-]{1,150})")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
HANGUL = re.compile(r"[가-힣ㄱ-ㆎ]")


def mentioned_in(text: str) -> list[User]:
    """The people a text names who may see incidents, in its order. Names inside code are not calls."""
    from django.contrib.auth import get_user_model

    tokens = [match[1] for match in AT.finditer(CODE.sub(" ", text))][:MOST]
    if not tokens:
        return []
    wanted = {name for token in tokens for name in candidates(token)}
    people = {user.username: user for user in get_user_model().objects.filter(username__in=wanted, is_active=True)}
    named = dict.fromkeys(name for token in tokens if (name := named_by(token, people)))
    return [people[name] for name in named if people[name].has_perm("incidents.view_incident")]


def named_by(token: str, known: Collection[str] | Mapping[str, object]) -> str | None:
    """The known name that a token begins with, the longest one; what follows must be an ending. None: nobody's."""
    return next((name for name in candidates(token) if name in known), None)


def candidates(token: str) -> Iterator[str]:
    """What might be the name in a token, longest first: "bob님이" → bob님이, bob님, bob."""
    for length in range(len(token), 0, -1):
        name, rest = token[:length], token[length:]
        if is_ending(rest, after=name):
            yield name


def is_ending(rest: str, *, after: str) -> bool:
    """Whether a name can end here: nothing follows, punctuation does, or what Korean attaches to names."""
    word = rest.strip(".+-")
    if not word:
        return True
    if HANGUL.match(after[-1]) and rest[0] == word[0]:
        return bool(_endings().fullmatch(re.split(r"[.+-]", word, maxsplit=1)[0]))
    return bool(HANGUL.match(word))


@cache
def _endings() -> re.Pattern[str]:
    data = tomllib.loads((Path(__file__).parent / "particles.toml").read_text(encoding="utf-8"))
    titles, particles = (
        "|".join(sorted(map(re.escape, data[name]), key=len, reverse=True)) for name in ("titles", "particles")
    )
    return re.compile(rf"(?:{titles})?(?:{particles}){{0,2}}")
