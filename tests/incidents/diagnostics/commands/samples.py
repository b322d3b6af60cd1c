"""Sample lines made from a grammar, and what a real server says to them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence

from incidents.diagnostics.commands.grammar import Node, parse_syntax
from incidents.diagnostics.commands.placeholders import is_placeholder

VALUES = {"int": "1", "num": "1.5", "key": "sample", "pattern": "*", "time": "1900000000", "": "value"}
BY_NAME = {
    "host": "127.0.0.1",
    "port": "1",
    "cursor": "0",
    "numkeys": "1",
    "id": "1-1",
    "ID": "1-1",
    "start": "0",
    "end": "1",
    "stop": "1",
    "min": "0",
    "max": "1",
    "timeout": "0.01",
    "milliseconds": "1",
    "protover": "2",
    "encoding": "u8",
    "offset": "0",
    "node-id": "a" * 40,
    "importing": "a" * 40,
    "migrating": "a" * 40,
    "node": "a" * 40,
    "numfields": "1",
    "slot": "0",
    "numids": "1",
    "start-slot": "0",
    "end-slot": "1",
    "longitude": "1",
    "latitude": "1",
    "radius": "1",
    "width": "1",
    "height": "1",
    "bit": "1",
    "threshold": "5",
    "serialized-value": "x",
    "ttl": "0",
    "script": "return 1",
    "function-code": "#!lua name=l\n",
    "destination-db": "0",
    "index": "0",
    "index1": "0",
    "index2": "0",
    "numreplicas": "0",
    "numlocal": "0",
    "lastid": "1-1",
    "len": "1",
    "percentage": "1",
    "count": "1",
}
SYNTAX_REFUSAL = re.compile(
    r"unknown command|unknown subcommand|wrong number of arg|syntax error|try \S+ help|unknown option or number of"
    r"|unsupported option|unrecognized|unsupported unit|not a valid|Invalid CLIENT|option requires|Unbalanced",
    re.I,
)


def values_for(node: Node) -> str:
    return BY_NAME.get(node.text, VALUES.get(node.type, "value"))


def minimal(node: Node) -> list[str]:
    """Return the shortest words that an element accepts."""
    if node.kind == "argument":
        return [values_for(node)]
    if node.kind == "token":
        return ["" if node.text == '""' else node.text]
    if node.kind == "choice":
        return [] if node.optional else minimal(node.children[0])
    return [word for child in node.children if not child.optional for word in minimal(child)]


def variations(node: Node) -> Iterator[list[str]]:
    """Yield the minimal words, then each option and each alternative once."""
    if node.kind == "choice":
        for child in node.children:
            yield from variations(child)
        return
    if node.kind != "sequence":
        yield minimal(node)
        return
    yield minimal(node)
    for index, child in enumerate(node.children):
        before = [word for one in node.children[:index] if not one.optional for word in minimal(one)]
        after = [word for one in node.children[index + 1 :] if not one.optional for word in minimal(one)]
        inner = list(variations(Node(child.kind, child.text, child.type, child.children)))
        for words in inner if child.optional else inner[1:]:
            yield [*before, *words, *after]


def sample_lines(syntax: str) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(tuple(words) for words in variations(parse_syntax(syntax))))


def ask(port: int, words: Sequence[str], *, timeout: float = 1.0) -> str:
    """Send one command on a connection of its own and return the first line of the reply, "" if none comes."""
    request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(one.encode()), one.encode()) for one in words)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(request)
            return connection.recv(4096).split(b"\r\n")[0].decode(errors="replace")
    except OSError:
        return ""


def is_refused(reply: str) -> bool:
    """Say whether a reply finds fault with the form of the command, not with its effect."""
    return reply.startswith("-") and SYNTAX_REFUSAL.search(reply) is not None


def with_values(words: Sequence[str]) -> list[str]:
    """Put plain values in the place of stand-ins, so that a real server can be asked."""
    return ["1" if is_placeholder(word) or re.fullmatch(r"[A-Za-z]", word) else word for word in words]
