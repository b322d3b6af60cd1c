"""The argument grammar of one command, written as one line, and the matching of words against it.

    <key:key> <value> [(NX | XX)]@2.6.12 [(EX <seconds:int>) | KEEPTTL@6.0.0]

`<name:type>` is an argument (types int, num, key, pattern, time; none is a string), other words are literal tokens,
`[ ]` optional, `( a | b )` a choice, `...` once or more, `@7.0.0` the version that brought the element. Optional
elements that stand side by side may come in any order, each once, as servers read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from incidents.diagnostics.commands.placeholders import fits_type, is_placeholder
from incidents.diagnostics.commands.versions import ALWAYS, Version, parse_version

SYNTAX_TOKEN = re.compile(r'<[^<>]*>|\.\.\.|@[\d.]+|[\[\]()|]|""|[^\s\[\]()|<>@]+')


@dataclass(frozen=True, slots=True)
class Need:
    """The newest thing that a reading of the words makes use of: its version and the word that stands for it."""

    version: Version = ALWAYS
    word: str = ""

    def or_newer(self, other: Need) -> Need:
        return other if other.version > self.version else self


NOTHING = Need()
Reached = Mapping[int, Need]  # positions that a reading can stand at, with the least that it needs


@dataclass(frozen=True, slots=True)
class Node:
    """One element of a grammar."""

    kind: str  # "argument", "token", "sequence", "choice"
    text: str = ""  # name of the argument, or the token itself
    type: str = ""
    children: tuple[Node, ...] = ()
    optional: bool = False
    repeated: bool = False
    since: Version = ALWAYS
    repeated_since: Version = ALWAYS


@dataclass(frozen=True, slots=True)
class Match:
    """What came of reading words: the least version needed if they fit, else how far the best reading came."""

    fits: bool
    need: Need = NOTHING
    stuck_at: int = 0  # index of the word that no reading accepts; len(words) when words are missing


# --- reading the one-line notation -------------------------------------------------------------------------------


@cache
def parse_syntax(syntax: str) -> Node:
    tokens = SYNTAX_TOKEN.findall(syntax)
    node, rest = _choice(tokens)
    if rest:
        raise ValueError(f"cannot read {' '.join(rest)!r} in {syntax!r}")
    return node


def _choice(tokens: list[str]) -> tuple[Node, list[str]]:
    branches = []
    while True:
        branch, tokens = _sequence(tokens)
        branches.append(branch)
        if not tokens or tokens[0] != "|":
            break
        tokens = tokens[1:]
    return (branches[0] if len(branches) == 1 else Node("choice", children=tuple(branches))), tokens


def _sequence(tokens: list[str]) -> tuple[Node, list[str]]:
    elements = []
    while tokens and tokens[0] not in "|)]":
        element, tokens = _element(tokens)
        elements.append(element)
    return (elements[0] if len(elements) == 1 else Node("sequence", children=tuple(elements))), tokens


def _element(tokens: list[str]) -> tuple[Node, list[str]]:
    head, tokens = tokens[0], tokens[1:]
    if head in "([":
        node, tokens = _choice(tokens)
        tokens = tokens[1:]  # the closing bracket
        node = Node("sequence", children=(node,), optional=head == "[")
    elif head.startswith("<"):
        name, _, kind = head[1:-1].partition(":")
        node = Node("argument", text=name, type=kind)
    else:
        node = Node("token", text=head)
    return _suffixes(node, tokens)


def _suffixes(node: Node, tokens: list[str]) -> tuple[Node, list[str]]:
    since, repeated, repeated_since = ALWAYS, False, ALWAYS
    while tokens and (tokens[0] == "..." or tokens[0].startswith("@")):
        if tokens[0] == "...":
            repeated = True
        elif repeated:
            repeated_since = parse_version(tokens[0]) or ALWAYS
        else:
            since = parse_version(tokens[0]) or ALWAYS
        tokens = tokens[1:]
    node = Node(node.kind, node.text, node.type, node.children, node.optional, repeated, since, repeated_since)
    return node, tokens


# --- matching ----------------------------------------------------------------------------------------------------


def match(syntax: str, words: Sequence[str]) -> Match:
    """Read words by a grammar, preferring the reading that needs the oldest server."""
    furthest = 0

    def reach(position: int) -> None:
        nonlocal furthest
        furthest = max(furthest, position)

    ends = _advance(parse_syntax(syntax), words, {0: NOTHING}, reach)
    if len(words) in ends:
        return Match(True, need=ends[len(words)])
    return Match(False, stuck_at=furthest)


Reporter = Callable[[int], None]


def _advance(node: Node, words: Sequence[str], starts: Reached, reach: Reporter) -> dict[int, Need]:
    """Return the positions that can be stood at after this element."""
    once = _mark(_once(node, words, starts, reach), starts, node.since, words)
    ends = dict(once)
    while node.repeated and once:
        once = _mark(_once(node, words, once, reach), once, node.repeated_since, words)
        once = {position: need for position, need in once.items() if _improves(ends, position, need)}
        _merge(ends, once)
    if node.optional:
        _merge(ends, starts)
    return ends


def _mark(ends: Mapping[int, Need], starts: Reached, since: Version, words: Sequence[str]) -> dict[int, Need]:
    """Charge the version of an element to every reading that used it."""
    if since == ALWAYS:
        return dict(ends)
    first = min(starts, default=0)
    return {
        position: need.or_newer(Need(since, words[first]) if position > first else NOTHING)
        for position, need in ends.items()
    }


def _once(node: Node, words: Sequence[str], starts: Reached, reach: Reporter) -> dict[int, Need]:
    if node.kind in ("argument", "token"):
        return dict(_step(node, words, starts, reach))
    if node.kind == "choice":
        ends: dict[int, Need] = {}
        for branch in node.children:
            _merge(ends, _advance(branch, words, starts, reach))
        return ends
    reached: Reached = starts
    for group in _groups(node.children):
        reached = (
            _any_order(group, words, reached, reach) if len(group) > 1 else _advance(group[0], words, reached, reach)
        )
    return dict(reached)


def _step(node: Node, words: Sequence[str], starts: Reached, reach: Reporter) -> Iterator[tuple[int, Need]]:
    for position, need in starts.items():
        if position < len(words) and _accepts(node, words[position]):
            reach(position + 1)
            yield position + 1, need


def _accepts(node: Node, word: str) -> bool:
    if node.kind == "token":
        return word.upper() == node.text.upper() or (node.text == '""' and word == "")
    return is_placeholder(word) or fits_type(word, node.type)


def _groups(children: Sequence[Node]) -> Iterator[tuple[Node, ...]]:
    """Gather neighbouring optional elements, which servers accept in any order."""
    run: list[Node] = []
    for child in children:
        if child.optional:
            run.append(child)
            continue
        if run:
            yield tuple(run)
            run = []
        yield (child,)
    if run:
        yield tuple(run)


def _any_order(group: Sequence[Node], words: Sequence[str], starts: Reached, reach: Reporter) -> dict[int, Need]:
    """Read each element of a group at most once, in whatever order."""
    states: dict[tuple[int, int], Need] = {(position, 0): need for position, need in starts.items()}
    queue = list(states.items())
    while queue:
        (position, used), need = queue.pop()
        for index, node in enumerate(group):
            if used & (1 << index):
                continue
            for end, end_need in _advance(node, words, {position: need}, reach).items():
                state = (end, used | (1 << index))
                if end > position and (state not in states or end_need.version < states[state].version):
                    states[state] = end_need
                    queue.append((state, end_need))
    ends: dict[int, Need] = {}
    for (position, _), need in states.items():
        _merge(ends, {position: need})
    return ends


def _improves(ends: Reached, position: int, need: Need) -> bool:
    return position not in ends or need.version < ends[position].version


def _merge(ends: dict[int, Need], more: Reached) -> None:
    for position, need in more.items():
        if _improves(ends, position, need):
            ends[position] = need


def tokens_of(syntax: str) -> frozenset[str]:
    """Return the literal words of a grammar."""
    found: set[str] = set()

    def walk(node: Node) -> None:
        if node.kind == "token":
            found.add(node.text.upper())
        for child in node.children:
            walk(child)

    walk(parse_syntax(syntax))
    return frozenset(found)
