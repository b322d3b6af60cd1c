"""A line of shell as we show it, split into simple commands: quoting, pipes, wrappers such as sudo or kubectl exec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from incidents.diagnostics.commands.placeholders import BRACKETED, is_ellipsis
from incidents.diagnostics.commands.tables import find_command, read_toml

LONGEST_LINE = 4000  # what comes from outside may be hostile; nobody pastes more at 3 a.m.
ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.S)
SEPARATORS = ("&&", "||", ";", "|&", "|", "&", "\n")
REDIRECTION = re.compile(r"\d?[<>]&[\d-]|(?:\d|&)?(?:>>|>\||<<<|<<-?|<>|>|<)")
SUBSTITUTION = re.compile(r"\$\(([^()]+)\)|`([^`]+)`")
KEYWORDS = frozenset({"do", "then", "else", "!", "{", "(", "time", "while", "until", "if", "elif"})
CLOSERS = frozenset({"for", "done", "fi", "}", ")", "esac"})  # words that run nothing by themselves
PROMPT = re.compile(
    r"^(?:\$|%|>|(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|[\w.-]+):\d+(?:\[\d+\])?(?:\(\w+\))?>|redis>|valkey>)\s+"
)


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Simple:
    """One command of a line: its words after quotes and wrappers are gone."""

    words: tuple[Word, ...]
    wrappers: tuple[str, ...] = ()
    redirected: tuple[str, ...] = ()  # "> file", "< file": what the shell keeps for itself
    open_ended: bool = False  # more arguments come from elsewhere (xargs, an ellipsis)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    @property
    def program(self) -> str:
        return self.words[0].text.rsplit("/", 1)[-1] if self.words else ""


class Unreadable(ValueError):
    """The line cannot be split as a shell would; the message says why."""


def split_line(line: str) -> list[Simple]:
    """Split a line into its simple commands, unwrapped. Raise Unreadable on an open quote or an endless line."""
    if len(line) > LONGEST_LINE:
        raise Unreadable(f"longer than {LONGEST_LINE} characters")
    stripped = PROMPT.sub("", line.strip())
    simples: list[Simple] = []
    for words, redirected in _commands(_lex(stripped, shell=not _is_typed_to_redis(stripped))):
        simples += _unwrap(Simple(tuple(words), redirected=tuple(redirected)))
        simples += _substituted(words)
    return [simple for simple in simples if simple.words]


def _substituted(words: Sequence[Word]) -> list[Simple]:
    """Read the commands inside $( ) and backticks too."""
    inner = [one or other for word in words for one, other in SUBSTITUTION.findall(word.text)]
    return [simple for line in inner for simple in split_line(line)]


def _is_typed_to_redis(line: str) -> bool:
    """Say whether a line is meant for the Redis prompt, where > and | are ordinary characters."""
    head, *rest = line.split(maxsplit=1)[:2] or [""]
    if head.lower() in read_toml("host_commands.toml")["programs"] and not head.isupper():
        return False
    return find_command([head, *(rest[0].split()[:1] if rest else [])])[1] > 0


# --- splitting into words ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Operator:
    text: str


def _lex(line: str, *, shell: bool) -> Iterator[Word | _Operator]:
    position = 0
    while position < len(line):
        if line[position] in " \t":
            position += 1
        elif end := _comment_end(line, position):
            position = end
        elif operator := _operator_at(line, position, shell=shell):
            yield _Operator(operator)
            position += len(operator)
        else:
            word, position = _word(line, position, shell=shell)
            yield word


def _comment_end(line: str, position: int) -> int:
    if line[position] != "#" or (position and line[position - 1] not in " \t\n"):
        return 0
    end = line.find("\n", position)
    return len(line) if end < 0 else end


def _operator_at(line: str, position: int, *, shell: bool) -> str:
    separator = next((one for one in SEPARATORS if line.startswith(one, position)), "")
    if not shell:  # at the Redis prompt only a separator that stands alone ends a command
        after = line[position + len(separator) : position + len(separator) + 1]
        return separator if separator and after in ("", " ", "\n") else ""
    if separator:
        return separator
    found = REDIRECTION.match(line, position)
    return found.group() if found and not BRACKETED.match(line, position) else ""


def _word(line: str, position: int, *, shell: bool) -> tuple[Word, int]:
    text, quoted, start = "", False, position
    stops = " \t\n;&|" if shell else " \t\n"
    while position < len(line) and line[position] not in stops:
        char = line[position]
        if char in "\"'":
            piece, position = _quoted(line, position)
            text, quoted = text + piece, True
        elif char == "\\" and position + 1 < len(line):
            text, position = text + line[position + 1], position + 2
        elif found := BRACKETED.match(line, position):
            text, position = text + found.group(), found.end()
        elif shell and char in "<>" and position > start:
            break  # name>file: the redirection is a token of its own
        elif not shell and char == ";" and line[position + 1 : position + 2] in ("", " ", "\n"):
            break
        else:
            text, position = text + char, position + 1
    return Word(text, quoted), position


def _quoted(line: str, position: int) -> tuple[str, int]:
    quote, text = line[position], ""
    position += 1
    while position < len(line) and line[position] != quote:
        if quote == '"' and line[position] == "\\" and position + 1 < len(line) and line[position + 1] in '"\\$`':
            position += 1
        text += line[position]
        position += 1
    if position >= len(line):
        raise Unreadable(f"unclosed {quote}")
    return text, position + 1


def _commands(tokens: Iterator[Word | _Operator]) -> Iterator[tuple[list[Word], list[str]]]:
    words: list[Word] = []
    redirected: list[str] = []
    pending = ""
    for token in tokens:
        if isinstance(token, Word):
            if pending:
                redirected.append(f"{pending} {token.text}")
                pending = ""
            else:
                words.append(token)
        elif token.text in SEPARATORS:
            yield words, redirected
            words, redirected, pending = [], [], ""
        elif token.text[-1] in "<>|" or token.text == "<<-":  # 2>&1 takes no file
            pending = token.text
    if pending:
        redirected.append(pending)
    yield words, redirected


# --- wrappers ----------------------------------------------------------------------------------------------------


def _unwrap(simple: Simple) -> list[Simple]:
    """Take off assignments, keywords and wrappers until the program itself is in front."""
    words = list(simple.words)
    while words and _is_prefix(words[0]):
        words = words[1:]
    if words and words[0].text in CLOSERS:
        return []
    if words and is_ellipsis(words[0].text):
        words = words[1:]
    simple = replace(simple, words=tuple(words), open_ended=simple.open_ended or _trails_off(words))
    for name, wrapper in _wrappers().items():
        heads = name.split()
        if [word.text.rsplit("/", 1)[-1] for word in words[: len(heads)]] == heads:
            inner = _inner(words[len(heads) :], wrapper)
            if wrapper.get("line"):
                return _reparse(simple, name, inner)
            if not inner:
                return [simple]  # `sudo -i`, `kubectl exec pod`: the wrapper is the program
            opened = simple.open_ended or bool(wrapper.get("appends"))
            return _unwrap(replace(simple, words=tuple(inner), wrappers=(*simple.wrappers, name), open_ended=opened))
    return [simple]


def _is_prefix(word: Word) -> bool:
    return not word.quoted and (ASSIGNMENT.fullmatch(word.text) is not None or word.text in KEYWORDS)


def _trails_off(words: Sequence[Word]) -> bool:
    return any(is_ellipsis(word.text) for word in words)


def _wrappers() -> Mapping[str, Mapping[str, Any]]:
    wrappers: Mapping[str, Mapping[str, Any]] = read_toml("host_commands.toml")["wrappers"]
    return wrappers


def _inner(words: Sequence[Word], wrapper: Mapping[str, Any]) -> list[Word]:
    """Drop a wrapper's own options and operands."""
    texts = [word.text for word in words]
    if (until := wrapper.get("until")) is not None:
        return list(words[texts.index(until) + 1 :]) if until in texts else []
    position, operands = 0, wrapper.get("operands", 0)
    while position < len(words):
        text = texts[position]
        if text == "--":
            position += 1
        elif text.startswith("-") and len(text) > 1:
            position += 2 if text in wrapper.get("values", ()) else 1
        elif operands or ASSIGNMENT.fullmatch(text):
            operands -= 0 if ASSIGNMENT.fullmatch(text) else 1
            position += 1
        else:
            break
    return list(words[position:])


def _reparse(simple: Simple, name: str, inner: Sequence[Word]) -> list[Simple]:
    """Read the quoted line of `sh -c "…"` or `watch "…"` as a line of its own."""
    if not inner:
        return [simple]
    line = inner[0].text if len(inner) == 1 else " ".join(word.text for word in inner)
    return [replace(one, wrappers=(*simple.wrappers, name, *one.wrappers)) for one in split_line(line)]
