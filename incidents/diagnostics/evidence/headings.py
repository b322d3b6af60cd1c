"""Lines that name what follows: prompts with a command, titles with a node, times between samples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from incidents.diagnostics.evidence.kinds import EvidenceKind
from incidents.diagnostics.evidence.names import kind_in_name, node_in_path
from incidents.diagnostics.evidence.times import find_time
from incidents.diagnostics.evidence.vocabulary import load_vocabulary


@dataclass(frozen=True, slots=True)
class Heading:
    """What a line says about the lines after it. Empty where it says nothing."""

    kind: EvidenceKind | None = None
    node: str = ""
    name: str = ""  # the command as typed, or the file
    at: datetime | None = None
    is_command: bool = False


_CLI_PROMPT = re.compile(
    r"^\s{0,20}(?:(?:redis|valkey|sentinel)\s{1,4})?(?P<node>[A-Za-z0-9\[][\w.:\]-]{0,120}:\d{2,5}|not connected)"
    r"(?:\[\d{1,4}\])?(?:\(\w{1,20}\))?>(?:\s{1,8}(?P<command>\S.{0,400})?)?$"
)
_SHELL_PROMPT = re.compile(
    r"^\s{0,20}(?:\[?[\w.-]{1,40}@(?P<host>[\w.-]{1,80})[ :][^$#>]{0,120}\]?\s{0,2})?"
    r"[$#%]\s{1,4}(?P<command>\S.{0,400})$"
)
_CLI = re.compile(r"^(?:\S{0,200}/)?(?:redis|valkey|keydb)-cli$")
_RUNNERS = frozenset(("kubectl", "oc", "docker", "docker-compose", "podman", "ssh", "sudo", "watch", "time", "timeout"))
_VALUED = frozenset(("-h", "-p", "-a", "-n", "-u", "-s", "-i", "-r", "-d", "-D", "-t", "--user", "--pass", "--cacert"))
_VALUED_RUNNER = frozenset(("-n", "--namespace", "-c", "--container", "-i", "-u", "-e", "--context", "-p", "-l"))
# Kinds whose names are everyday words ("describe", "events", "free"): in a heading only the command counts.
_WORDY = frozenset((EvidenceKind.CONTAINER_EVENTS, EvidenceKind.HOST))
_TIME_WORDS = frozenset(
    ("date", "time", "sample", "at", "utc", "kst", "first", "second", "시각", "샘플", "기준", "측정")
)
_LOCAL = frozenset(("127.0.0.1", "localhost", "::1", "0.0.0.0"))  # noqa: S104  (names, not a binding)

_ARGUMENT = re.compile(r"[\w*.-]{1,60}$")
_TAIL = re.compile(r"^==> (\S.{0,300}) <==$")
_DECORATED = re.compile(r"^(?:[=~_*#+<>|:-]{2,200}|#)\s{0,8}([^\s=~_#|].{0,160}?)\s{0,8}[=~_*#+<>|:-]{0,200}$")
_BRACKETED = re.compile(r"^\[\s?([^\[\]]{2,100})\s?\]:?$")
_LABEL = re.compile(r"^(?:[-*•]\s)?([^\s:].{0,120}?)\s?:$")
_SYMMETRIC = re.compile(r"^(={3,}|-{3,}|#{2,}|\*{2,}|\[)\s?([A-Za-z][\w.:-]{1,80})\s?(?:={3,}|-{3,}|#{2,}|\*{2,}|\])$")
_NODE = re.compile(
    r"(?:^|[\s(@,/|])(?:"
    r"(?:node|server|host|instance|shard|pod|container|port|노드|서버|호스트|인스턴스|파드|포트)"
    r"(?:\s{1,4}|\s?[:#=]\s{0,4})(?P<named>\w[\w.:@-]{0,100})"
    r"|(?P<address>(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?)"
    r"|(?P<port>[1-9]\d{3,4})"
    r"|(?P<role>(?:old |new |이전 |구 |신 |새 |신규 )?"
    r"(?:master|primary|replica|slave|sentinel|마스터|프라이머리|레플리카|슬레이브|센티널|센티넬)(?:[ #-]?\d{1,3})?)"
    r"|(?P<host>(?:redis|valkey|node|cache|master|replica|slave|primary|sentinel|session|db)"
    r"[\w.-]{0,60}[-_.\w]\d[\w.-]{0,40}(?::\d{2,5})?)"
    r"|(?P<fqdn>[a-z0-9][\w-]{0,60}(?:\.[\w-]{1,60}){1,6}:\d{2,5})"
    r")(?=$|[\s):,/|의])",
    re.IGNORECASE,
)


def read_heading(line: str) -> Heading | None:
    """Return what a line announces, or None when it announces nothing."""
    bare = line.strip()
    if not 2 <= len(bare) <= 500:
        return None
    return _prompt(bare) or _title(bare)


def _prompt(bare: str) -> Heading | None:
    if ">" in bare and (prompt := _CLI_PROMPT.match(bare)):
        command = prompt["command"] or ""
        node = "" if prompt["node"] == "not connected" else prompt["node"]
        return Heading(kind_of_command(command), node, command, is_command=True)
    if shell := _SHELL_PROMPT.match(bare):
        found = _shell_command(shell["command"])
        if found is not None:
            return found if found.node else Heading(found.kind, shell["host"] or "", found.name, is_command=True)
        if bare[0] != "#":  # "# words" is a title in Markdown
            return Heading(None, shell["host"] or "", shell["command"], is_command=True)
    first = bare.split(None, 1)[0]
    if _CLI.match(first) or first in _RUNNERS:
        found = _shell_command(bare)
        return found if found is not None and found.kind is not None else None
    return None


def _shell_command(command: str) -> Heading | None:
    """Read a shell line that calls the command-line client, or a tool whose output we know."""
    words = command.split()
    position = next((index for index, word in enumerate(words) if _CLI.match(word)), None)
    if position is None:
        kind = next((kind for pattern, kind in load_vocabulary().shell if pattern.match(command)), None)
        return Heading(kind, _runner_target(words) if kind else "", command, is_command=True) if kind else None
    host, port, rest = _cli_arguments(words[position + 1 :])
    node = host or _runner_target(words[:position])
    if port:
        node = f"{node}:{port}" if node else port
    return Heading(kind_of_command(rest), node, rest or command, is_command=True)


def _cli_arguments(words: list[str]) -> tuple[str, str, str]:
    """Return host, port and the command itself."""
    host = port = ""
    index = 0
    while index < len(words) and words[index].startswith("-"):
        word = words[index]
        if word.startswith(("--cluster", "--big", "--mem", "--hot", "--lat", "--intr", "--stat", "--keyst")):
            break
        value = words[index + 1] if index + 1 < len(words) else ""
        if word == "-h":
            host = value
        elif word == "-p":
            port = value
        index += 2 if word in _VALUED else 1
    return host, port, " ".join(words[index:]).split(" | ")[0].split(" > ")[0]


def _runner_target(words: list[str]) -> str:
    """Return the pod, container or host that a runner such as kubectl exec names."""
    runner = next((word for word in words if word in _RUNNERS and word not in ("sudo", "watch", "time", "timeout")), "")
    if not runner:
        return ""
    rest, index = words[words.index(runner) + 1 :], 0
    while index < len(rest):
        word = rest[index]
        if word.startswith("-"):
            index += 2 if word in _VALUED_RUNNER and runner != "docker" else 1
        elif word in ("exec", "logs", "compose", "describe", "inspect", "pod", "pods", "get", "events"):
            index += 1
        else:
            return word.rpartition("@")[2].removeprefix("pod/")
    return ""


def kind_of_command(command: str) -> EvidenceKind | None:
    """Return what the reply to a command is, or None when it is nothing that is looked at."""
    bare = command.strip().lstrip("-> \"'")
    return next(
        (kind for pattern, kind in load_vocabulary().commands if pattern.match(bare) or pattern.match(f"--{bare}")),
        None,
    )


def _title(bare: str) -> Heading | None:
    if tail := _TAIL.match(bare):
        return Heading(kind_in_name(tail[1]), node_in_path(tail[1]), tail[1])
    at, rest = find_time(bare)
    core = rest.strip(" =-#*~_<>|[]():,@")
    if at is not None and (not core or _is_word_of_time(core)):
        return Heading(at=at)
    words = _decorated(bare)
    is_exact = words is None and len(bare) <= 60 and _is_exact_command(bare)
    if words is None and not is_exact:
        return None
    return _announcement(words or bare, bare, at)


def _decorated(bare: str) -> str | None:
    """Return the words of a line that is dressed as a title: rules, brackets, Markdown, a closing colon."""
    for pattern in (_BRACKETED, _DECORATED, _LABEL):
        if matched := pattern.match(bare):
            return matched[1].strip(" =-*~_[]`")
    return None


def _is_exact_command(bare: str) -> bool:
    """Whether the whole line is a command such as "SLOWLOG GET 10" or "INFO memory"."""
    words = bare.split()
    if len(words) > 4 or kind_of_command(bare) is None or not all(_ARGUMENT.match(word) for word in words):
        return False
    return words[0].isupper() or (len(words) >= 2 and words[0].lower() in ("slowlog", "client", "cluster", "latency"))


def _announcement(words: str, bare: str, at: datetime | None) -> Heading | None:
    if len(words.split()) > 8:
        return None
    kind = _kind_in_words(words)
    node = node_in_words(words)
    if (
        not node
        and kind is None
        and (named := _SYMMETRIC.match(bare))
        and named[2].lower() not in load_vocabulary().no_titles
    ):
        node = named[2]
    if kind is None and not node and at is None:
        return None
    return Heading(kind, node, at=at)


def _kind_in_words(words: str) -> EvidenceKind | None:
    found = next(
        (
            kind
            for pattern, kind in load_vocabulary().commands
            if (m := pattern.search(words)) and _stands_free(words, m)
        ),
        None,
    )
    if found is not None:
        return found
    shell = next((kind for pattern, kind in load_vocabulary().shell if pattern.match(words)), None)
    named = kind_in_name(words) if len(words.split()) <= 5 else None
    return shell or (named if named not in _WORDY else None)


def _stands_free(words: str, match: re.Match[str]) -> bool:
    before = words[match.start() - 1 : match.start()]
    return not before or not (before.isalnum() or before in "-_")


def node_in_words(words: str) -> str:
    """Return the node that a title names: an address, a port, a role or a host name."""
    matched = _NODE.search(words)
    if matched is None:
        return ""
    roles = load_vocabulary().roles
    if role := matched["role"]:
        return " ".join(roles.get(word.lower(), word.lower()) for word in role.replace("#", " ").split())
    if (named := matched["named"]) and not _is_name(named):
        return ""
    found = next((matched[name] for name in ("named", "address", "port", "host", "fqdn") if matched[name]), "")
    return found.strip(":.-")


def _is_name(word: str) -> bool:
    """Whether a word after "node" or "server" names it, rather than going on with the sentence."""
    return any(not character.isalpha() for character in word) or (len(word) == 1 and word.isupper())


def _is_word_of_time(core: str) -> bool:
    words = core.lower().split()
    return len(words) <= 2 and all(word in _TIME_WORDS or word.isdigit() for word in words)


def is_local(node: str) -> bool:
    """Whether a node's name is only "this machine"."""
    host = node.rpartition(":")[0] if ":" in node else node
    return host in _LOCAL
