"""What Docker and Kubernetes say about the server's container: state, exit code, restarts, events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.diagnostics.parsers.log_formats import clean
from incidents.diagnostics.parsers.server_log import LineMeaning, event_catalogue, recognise_line

_PREFIXES = ("container-", "pod-")
_COUNT = re.compile(r"\(x(?P<count>\d{1,7}) over (?P<span>[\dhms]{1,12})\)")
_EXIT_CODE = re.compile(
    r"exit(?:ed)?[\s_-]?(?:code|status|with code)?\"?[\s:=(]{1,20}(?P<code>\d{1,3})\b", re.IGNORECASE
)
_OOM_KILLED = re.compile(
    r"\"?OOMKilled\"?\s*[:=]\s*\"?(?P<value>true|false)|Reason:\s+(?P<reason>OOMKilled)", re.IGNORECASE
)
_RESTARTS = re.compile(r"restart[\s_]?count\"?\s*[:=]\s*(?P<count>\d{1,7})", re.IGNORECASE)
_LIMIT = re.compile(r"^\s{0,40}memory:\s+(?P<amount>\d{1,12}(?:\.\d+)?)(?P<unit>[KMGT]i?)?\s*$", re.MULTILINE)
_UNITS = {
    "": 1,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 1 << 10,
    "Mi": 1 << 20,
    "Gi": 1 << 30,
    "Ti": 1 << 40,
}

MAX_JSON = 5_000_000  # characters


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """One event or state line. `count` is how often Kubernetes says it happened."""

    line: int
    text: str
    event: str
    count: int
    meaning: LineMeaning


@dataclass(frozen=True, slots=True)
class ContainerReport:
    """State of one container, as far as the text tells. None means that the text does not say."""

    events: tuple[ContainerEvent, ...] = ()
    oom_killed: bool | None = None
    exit_code: int | None = None
    restart_count: int | None = None
    memory_limit: int | None = None  # bytes
    state: str = ""  # "running", "exited", …
    error: str = ""
    started_at: str = ""
    finished_at: str = ""

    @property
    def was_killed(self) -> bool:
        """Whether the process ended by SIGKILL: OOM killer, a probe, or a stop that took too long."""
        return self.exit_code == 137 or bool(self.oom_killed)


def parse(text: str) -> ContainerReport:
    """Read `docker inspect`, `docker ps`, `kubectl describe pod`, `kubectl get events`, as text or JSON."""
    events = tuple(_events(text))
    state = _docker_state(text)
    if state is not None:
        return _from_docker(state, events)
    return ContainerReport(
        events=events,
        oom_killed=_oom_killed(text),
        exit_code=_number(_EXIT_CODE, text, "code"),
        restart_count=_number(_RESTARTS, text, "count"),
        memory_limit=_memory_limit(text),
    )


def looks_like(text: str) -> float:
    """Return how surely a text is about containers, from 0 to 1."""
    head = text[:20_000]
    marks = (
        "OOMKilled",
        "RestartCount",
        "Restart Count:",
        "Last State:",
        "LAST SEEN",
        "involvedObject",
        "kubelet",
        "Exit Code:",
    )
    return min(1.0, sum(mark in head for mark in marks) / 2)


def known_events() -> frozenset[str]:
    """Return the events that this parser can report."""
    return frozenset(event for event in event_catalogue() if event.startswith(_PREFIXES))


def _events(text: str) -> Iterator[ContainerEvent]:
    for number, raw in enumerate(text.splitlines(), start=1):
        line = clean(raw[:2000]).strip()
        meaning = recognise_line(line) if line and not _says_false(line) else None
        if meaning is not None and meaning.event.startswith(_PREFIXES):
            match = _COUNT.search(line)
            yield ContainerEvent(number, line, meaning.event, int(match["count"]) if match else 1, meaning)


def _says_false(line: str) -> bool:
    return bool(re.search(r"OOMKilled\W{1,4}false", line, re.IGNORECASE))


def _docker_state(text: str) -> Mapping[str, Any] | None:
    """Return the State object of `docker inspect`, with HostConfig.Memory beside it."""
    if "{" not in text or len(text) > MAX_JSON:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(record, list) and record:
        record = record[0]
    if not isinstance(record, dict):
        return None
    state = record.get("State", record)
    if not isinstance(state, dict) or "ExitCode" not in state:
        return None
    host = record.get("HostConfig")
    limit = host.get("Memory") if isinstance(host, dict) else None
    return {**state, "RestartCount": record.get("RestartCount"), "Memory": limit}


def _from_docker(state: Mapping[str, Any], events: tuple[ContainerEvent, ...]) -> ContainerReport:
    killed = state.get("OOMKilled")
    return ContainerReport(
        events=events,
        oom_killed=killed if isinstance(killed, bool) else None,
        exit_code=_whole(state.get("ExitCode")),
        restart_count=_whole(state.get("RestartCount")),
        memory_limit=_whole(state.get("Memory")) or None,  # 0 means no limit
        state=str(state.get("Status") or ""),
        error=str(state.get("Error") or ""),
        started_at=str(state.get("StartedAt") or ""),
        finished_at=str(state.get("FinishedAt") or ""),
    )


def _oom_killed(text: str) -> bool | None:
    match = _OOM_KILLED.search(text)
    if match is None:
        return True if "OOMKilled" in text else None
    return match["reason"] is not None or match["value"].lower() == "true"


def _memory_limit(text: str) -> int | None:
    """Return the first memory figure below a Limits heading of `kubectl describe`."""
    _, found, rest = text.partition("Limits:")
    match = _LIMIT.search(rest[:400]) if found else None
    return int(float(match["amount"]) * _UNITS[match["unit"] or ""]) if match else None


def _number(pattern: re.Pattern[str], text: str, group: str) -> int | None:
    match = pattern.search(text)
    return int(match[group]) if match else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
