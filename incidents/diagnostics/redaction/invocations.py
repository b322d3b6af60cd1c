"""Find commands with their arguments in every form they are pasted in, and say what each argument is.

MONITOR and JSON put them in quotes on one line. SLOWLOG GET puts one to a line: numbered, or bare when redis-cli writes
to a file. Crash reports have argv[n], the log quotes the wire protocol, and people paste terminals. What the arguments
of a command are is a table in `patterns.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from incidents.diagnostics.redaction.checks import is_host, is_placeholder
from incidents.diagnostics.redaction.keys import key_spans
from incidents.diagnostics.redaction.spans import Kind, Span

MOST_ARGUMENTS = 1_024

# An unterminated string ends with its line. That keeps the scan linear, and cut-off values are values all the same.
QUOTED = re.compile(r"""b?(?:"((?:[^"\\\n]|\\.)*+)(?:"|\\?$)|(?<!\w)'((?:[^'\\\n]|\\.)*+)(?:'|\\?$))""", re.MULTILINE)
GAP = re.compile(r"[ \t,]{0,4}(?:(-?\d[\d.]*)[ \t]{0,2},[ \t]{0,2})?")
NUMBERED = re.compile(r"^[ \t]*((?:\d{1,6}\)[ \t]+)+)(.*)$", re.MULTILINE)
ARGV = re.compile(r"""^argv\[(\d{1,6})\]: ?['"]{0,2}(.*?)['"]{0,2}$""", re.MULTILINE)
RAW_ENTRY = re.compile(r"^\d{1,10}\r?\n\d{10}\r?\n\d{1,12}\r?\n(?=[A-Za-z])", re.MULTILINE)
RAW_LINE = re.compile(r"(.*)\r?\n?")
PROTOCOL_ARGUMENT = re.compile(r"\$\d{1,9}\\r\\n((?:(?!\\r\\n)[^\n])*+)(?:\\r\\n)?")
CLIENT = re.compile(r"(?:\S*:\d{1,5}|/\S*|\?:0)")
PROMPT = re.compile(r"^(?:[^\n<>\"']|<[A-Z]{1,8}_\d{1,6}>){0,80}>[ \t]*(?=[A-Za-z])", re.MULTILINE)
# A string in quotes, with or without a number; status replies and the numbers of nested lists are passed over.
REPLY_LINE = re.compile(
    r"""[ \t]*(?P<index>\d{1,6}\)[ \t]+)?(?:\d{1,6}\)[ \t]+)*"""
    r"""(?:"(?P<inside>(?:[^"\\\n]|\\.)*+)(?:"|\\?$)|\((?:nil|integer|empty)[^\n]*|(?=\n))(?:\r?\n|\Z)""",
    re.MULTILINE,
)
NAME = re.compile(r"[A-Za-z][A-Za-z.]+")
CLI = re.compile(r"(?:redis|valkey)-cli\b[^\n|;]*")
# In the middle of a text only capitals followed by something like a key are taken for a command.
BARE = re.compile(r"(?<![\w\"'.:/-])(?=[A-Z]{3,16}[ \t]+[^\s:]{1,200}:[^\s:])", re.MULTILINE)
ARGUMENT = re.compile(
    r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*+)(?:"|\\?$)|'((?:[^'\\\n]|\\.)*+)(?:'|\\?$)|([^\s"'][^\s]*))""", re.M
)

SMALL_NUMBER = re.compile(r"-?\d{1,2}")
NUMBER_OR_OPTION = re.compile(
    r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf)|\*|\d+-[\d*]+|~|=|NX|XX|GT|LT|CH|INCR|MAXLEN|MINID|NOMKSTREAM|LIMIT",
    re.IGNORECASE,
)
SECRET_SETTINGS = ("requirepass", "masterauth", "auth-pass", "sentinel-pass", "tls-key-file-pass")


@dataclass(frozen=True, slots=True)
class Token:
    start: int
    end: int
    text: str


Spec = tuple[tuple[tuple[str, ...], bool], ...]  # groups of argument letters, and whether a group repeats


def read_spec(source: str) -> Spec:
    """Read a line of the command table: "k (f v)*" is a key, then fields and values in turn."""
    groups = re.findall(r"\(([^)]*)\)(\*?)|(\S+?)(\*?)(?:\s|$)", source)
    return tuple((tuple((inner or single).split()), bool(star or more)) for inner, star, single, more in groups)


class Invocations:
    """The command table, ready to be applied."""

    def __init__(self, commands: Mapping[str, str], replies: Mapping[str, str] | None = None) -> None:
        self._specs = {name: read_spec(spec) for name, spec in commands.items()}
        self._replies = dict(replies or {})

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._specs

    def find(self, text: str) -> Iterator[Span]:
        """Yield what has to be masked in the arguments of all commands of a text."""
        for tokens in self._invocations(text):
            for token, letter in zip(tokens[1:], self._letters(tokens), strict=False):
                yield from _spans(text, token, letter)
        for start in (
            *(match.end() for match in PROMPT.finditer(text)),
            *(match.start() for match in CLI.finditer(text)),
        ):
            yield from self._reply(text, start)

    def _reply(self, text: str, start: int) -> Iterator[Span]:
        """Mask what a terminal shows below a command that reads data."""
        line_end = text.find("\n", start)
        words = NAME.findall(text, start, len(text) if line_end < 0 else line_end)
        command = next((word.lower() for word in words if word in self), "")
        letters = self._replies.get(command, "")
        place = line_end + 1
        count = 0
        while letters and 0 < place < len(text):
            line = REPLY_LINE.match(text, place)
            if line is None or (count and (line["index"] or "1) ").startswith("1)")):  # another list begins
                return
            if line["inside"]:
                token = Token(line.start("inside"), line.end("inside"), line["inside"])
                yield from _spans(text, token, letters[count % len(letters)])
            count += 1
            place = line.end()

    def _invocations(self, text: str) -> Iterator[list[Token]]:
        forms = (_quoted_runs, _numbered_runs, _argv_runs, _raw_runs, _protocol_runs)
        for run in (run for form in forms for run in form(text)):
            if run and run[0].text in self:
                yield run
        for start in (match.end() for match in PROMPT.finditer(text)):
            yield from self._typed(text, start)
        for start in (match.start() for match in BARE.finditer(text)):
            yield from (words for words in self._typed(text, start) if words[0].text.lower() not in SPECIAL)
        for line in CLI.finditer(text):
            words = list(_arguments(text, line.start()))
            first = next((place for place, word in enumerate(words) if place and word.text in self), None)
            if first is not None:
                yield words[first:]

    def _typed(self, text: str, start: int) -> Iterator[list[Token]]:
        words = list(_arguments(text, start))
        if words and words[0].text in self:
            yield words

    def _letters(self, tokens: Sequence[Token]) -> Iterator[str]:
        """Yield one letter of the table per argument."""
        name = tokens[0].text.lower()
        arguments = [token.text for token in tokens[1:]]
        special = SPECIAL.get(name)
        if special:
            yield from special(arguments)
            return
        keys_to_come: int | None = None
        place = 0
        for letters, repeats in self._specs[name]:
            if repeats and letters == ("k",) and keys_to_come is not None:
                yield from "k" * keys_to_come
                place += keys_to_come
                continue
            times = len(arguments) if repeats else 1
            for letter in letters * times:
                if place >= len(arguments):
                    return
                if letter == "n":
                    keys_to_come = min(int(arguments[place]), len(arguments)) if arguments[place].isdecimal() else 0
                yield letter
                place += 1


def _auth(arguments: Sequence[str]) -> Iterator[str]:
    yield from ("p" if len(arguments) == 1 else "up")


def _hello(arguments: Sequence[str]) -> Iterator[str]:
    for place in range(len(arguments)):
        before = [word.lower() for word in arguments[max(place - 2, 0) : place]]
        yield "u" if before[-1:] == ["auth"] else "p" if before[:1] == ["auth"] and len(before) == 2 else "-"


def _acl(arguments: Sequence[str]) -> Iterator[str]:
    names_user = bool(arguments) and arguments[0].lower() in ("setuser", "getuser", "deluser", "dryrun")
    for place, word in enumerate(arguments):
        yield "u" if place == 1 and names_user else "r" if word[:1] in tuple("><#!") else "-"


def _config(arguments: Sequence[str]) -> Iterator[str]:
    for place in range(len(arguments)):
        yield "p" if place and arguments[place - 1].lower() in SECRET_SETTINGS else "-"


SPECIAL = {"auth": _auth, "hello": _hello, "acl": _acl, "config": _config}
HARMLESS = {"v": SMALL_NUMBER, "z": NUMBER_OR_OPTION}
WHOLE_KINDS = {"p": Kind.PASSWORD, "u": Kind.USER, "v": Kind.VALUE, "z": Kind.VALUE}


def _spans(text: str, token: Token, letter: str) -> Iterator[Span]:
    if token.text.startswith("... (") or is_placeholder(token.text):  # SLOWLOG's "... (12 more arguments)"
        return
    if letter in "kf":
        yield from key_spans(text, token.start, token.end)
    elif letter == "r":  # a rule of ACL SETUSER, whose sign says that a password follows
        if not is_placeholder(token.text[1:]):
            yield Span(token.start + 1, token.end, Kind.PASSWORD)
    elif letter == "h" and is_host(token.text):
        end = token.start + len(token.text.partition(":")[0])
        yield Span(token.start, end, Kind.HOST)
    elif letter in WHOLE_KINDS and not (letter in HARMLESS and HARMLESS[letter].fullmatch(token.text)):
        yield Span(token.start, token.end, WHOLE_KINDS[letter])


# --- The forms ---------------------------------------------------------------------------------------------------


def _quoted_runs(text: str) -> Iterator[list[Token]]:
    """Strings in quotes that follow each other on a line. Plain numbers may stand between, as in JSON."""
    run: list[Token] = []
    end = -1
    for match in QUOTED.finditer(text):
        token = _inside(match)
        gap = GAP.fullmatch(text, end, match.start()) if run else None
        if not gap or len(run) > MOST_ARGUMENTS:
            yield from _from_command(run)
            run = []
        elif gap[1]:
            run.append(Token(gap.start(1), gap.end(1), gap[1]))
        run.append(token)
        end = match.end()
    yield from _from_command(run)


def _from_command(run: list[Token]) -> Iterator[list[Token]]:
    """Skip what SLOWLOG puts before a command: id, time and duration. They come as strings in some clients' JSON."""
    yield run
    for place in range(len(run) - 3):
        if all(token.text.isdecimal() for token in run[place : place + 3]) and len(run[place + 1].text) == 10:
            yield run[place + 3 :]


def _numbered_runs(text: str) -> Iterator[list[Token]]:
    """The lists of redis-cli: `1) "SET"`, and `2) "key"` on the next line."""
    run: list[Token] = []
    last = 0
    for match in NUMBERED.finditer(text):
        index = int(match[1].split(")")[-2])
        quoted = QUOTED.match(text, match.start(2), match.end(2))
        token = _inside(quoted) if quoted else Token(match.start(2), match.end(2), match[2])
        if index == 1 or index != last + 1:
            yield run
            run = []
        if index == 1 or run:
            run.append(token)
        last = index
    yield run


def _argv_runs(text: str) -> Iterator[list[Token]]:
    """The client's command in a crash report."""
    run: list[Token] = []
    for match in ARGV.finditer(text):
        if match[1] == "0":
            yield run
            run = []
        run.append(Token(match.start(2), match.end(2), match[2]))
    yield run


def _protocol_runs(text: str) -> Iterator[list[Token]]:
    """The wire protocol, as the log quotes it: `*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\nk\\r\\n`."""
    run: list[Token] = []
    end = -1
    for match in PROTOCOL_ARGUMENT.finditer(text):
        if match.start() != end:
            yield run
            run = []
        run.append(Token(match.start(1), match.end(1), match[1]))
        end = match.end()
    yield run


def _raw_runs(text: str) -> Iterator[list[Token]]:
    """Entries of SLOWLOG GET without numbers and quotes, up to the line with the client's address."""
    for entry in RAW_ENTRY.finditer(text):
        run: list[Token] = []
        place = entry.end()
        while place < len(text) and len(run) <= MOST_ARGUMENTS:
            line = RAW_LINE.match(text, place)
            if line is None or (run and CLIENT.fullmatch(line[1])) or RAW_ENTRY.match(text, place):
                break
            run.append(Token(line.start(1), line.end(1), line[1]))
            place = line.end()
        yield run


def _arguments(text: str, start: int) -> Iterator[Token]:
    """The words of a command line from `start` to the end of the line."""
    for _ in range(MOST_ARGUMENTS):
        match = ARGUMENT.match(text, start)
        if match is None:
            return
        yield _inside(match)
        start = match.end()


def _inside(match: re.Match[str]) -> Token:
    group = match.lastindex or 0
    return Token(match.start(group), match.end(group), match[group])
