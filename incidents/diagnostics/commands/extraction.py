"""Finding the commands in a document: lines of fenced shell code, and code spans that are commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.diagnostics.commands.invocation import CLIENTS, TOOL_PREFIXES, host_programs
from incidents.diagnostics.commands.placeholders import is_ellipsis
from incidents.diagnostics.commands.shell import PROMPT, Unreadable, split_line
from incidents.diagnostics.commands.tables import commands, containers, find_command, is_module_command, read_toml

FENCE = re.compile(
    r"^(?P<indent>[ \t]*(?:[-*+]|\d+[.)])?[ \t]*)(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^`\n]*$"
)
SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)(?P<code>.{1,400}?)(?<!`)\1(?!`)", re.S)
SHELL_LANGUAGES = frozenset({"", "sh", "shell", "bash", "zsh", "console", "redis", "redis-cli", "terminal"})
# Lines of a fenced block that are replies, not commands.
REPLY = re.compile(
    r"^(?:\(integer\)|\(nil\)|\(error\)|\(empty|\d+\)|OK$|PONG$|\"|[\w-]+:[^/\s]|[+*:$!%]|-[A-Z]|\.\.\.$|…$|\|)"
)
HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?(\w+)")
LOOPS = ("for", "while", "until", "if")


def extract_commands(text: str) -> list[str]:
    """Return the commands that a Markdown text shows, in order, each once."""
    found = [
        command for kind, piece in _pieces(text) for command in (_block(piece) if kind == "block" else _span(piece))
    ]
    return list(dict.fromkeys(found))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield fenced blocks of shell, and the prose between blocks."""
    prose: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        opened = FENCE.match(line)
        if opened is None:
            prose.append(line)
            continue
        yield "prose", "\n".join(prose)
        prose = []
        body = list(_until_closed(lines, opened["marks"]))
        if opened["language"].lower() in SHELL_LANGUAGES:
            yield "block", "\n".join(body)
    yield "prose", "\n".join(prose)


def _until_closed(lines: Iterator[str], marks: str) -> Iterator[str]:
    for line in lines:
        if line.strip().startswith(marks) and not line.strip().strip(marks[0]):
            return
        yield line


# --- fenced blocks -----------------------------------------------------------------------------------------------


def _block(body: str) -> Iterator[str]:
    """Yield the command lines of a block. In a session at the Redis prompt all other lines are replies."""
    lines = [line.strip() for line in re.sub(r"\s*\\\n\s*", " ", body).splitlines()]
    ends = {found.group(1) for line in lines if (found := HERE_DOCUMENT.search(line))}
    in_session = any((prompt := PROMPT.match(line)) and ":" in prompt.group() for line in lines)
    for line in lines:
        stripped = PROMPT.sub("", line)
        prompted = stripped != line
        if not stripped or stripped.startswith("#") or stripped in ends or (in_session and not prompted):
            continue
        if (prompted or not REPLY.match(stripped)) and _runs(stripped):
            yield _without_comment(stripped)


def _without_comment(line: str) -> str:
    """Cut off a trailing comment, which begins with # after a blank outside of quotes."""
    quote = ""
    for position, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#" and line[position - 1 : position] in (" ", "\t"):
            return line[:position].rstrip()
    return line


def _runs(line: str) -> bool:
    """Say whether a line of a block is meant to be run: a known program, or a word that could be a Redis command."""
    head = re.split(r"[\s;|&]", line, maxsplit=1)[0].rsplit("/", 1)[-1]
    if _is_program(head) or head in read_toml("host_commands.toml")["wrappers"] or re.match(r"\w+=", line):
        return True
    if head in LOOPS:
        return _says_something(line)
    if find_command(line.split())[1] or is_module_command(head):
        return True
    return (
        re.fullmatch(r"[A-Z][A-Z._]+", head) is not None
    )  # in capitals: a command, if perhaps one that does not exist


def _says_something(line: str) -> bool:
    """Say whether a line of a loop holds a command: `for port in 7001 7002; do` alone holds none."""
    try:
        return bool(split_line(line))
    except Unreadable:
        return True


def _is_program(word: str) -> bool:
    return word in CLIENTS or word.startswith(TOOL_PREFIXES) or word in host_programs()


# --- code spans --------------------------------------------------------------------------------------------------


def _span(prose: str) -> Iterator[str]:
    for found in SPAN.finditer(prose):
        code = " ".join(found["code"].split())
        if _is_runnable(code):
            yield PROMPT.sub("", code)


def _is_runnable(code: str) -> bool:
    """Tell a command to run from a name in passing, such as `CONFIG SET`, `SCAN` or `maxmemory 4gb`."""
    words = PROMPT.sub("", code).split()
    if not words:
        return False
    head = words[0].rsplit("/", 1)[-1]
    if head in CLIENTS or head.startswith(TOOL_PREFIXES):
        return len(words) > 1
    if head in read_toml("host_commands.toml")["wrappers"] or head in host_programs():
        return len(words) > 1 and not _is_prose(words)
    return words[0] == words[0].upper() and _is_redis_command(words)


def _is_prose(words: list[str]) -> bool:
    """Say whether words after a program's name read like a remark: `host:port`, `kill -9` are not."""
    return all(is_ellipsis(word) for word in words[1:])


def _is_redis_command(words: list[str]) -> bool:
    command, named = find_command(words)
    if command is None:
        return is_module_command(words[0]) and len(words) > 1
    if command.name in containers() and named == 1 and not command.syntaxes.get("redis"):
        # `CLIENT FOO` in capitals is a mistake worth finding, `CLIENT id=5` is not a command.
        return len(words) > 1 and re.fullmatch(r"[A-Z][A-Z-]*", words[1]) is not None
    if len(words) > named:
        return True
    return _takes_nothing(command.name)


def _takes_nothing(name: str) -> bool:
    """Say whether a command can be run without arguments, so that its bare name may be an instruction."""
    command = commands()[name]
    return abs(command.arities["redis"]) == len(name.split()) and name not in containers()
