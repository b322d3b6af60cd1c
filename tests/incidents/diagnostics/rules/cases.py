"""The examples that prove the rules: evidence as people paste it, and what the rule must say of it.

One file per area in `examples/`, one table per rule and case. A case is named `fires`, `quiet` or `skipped`, with a
suffix where a rule has several of a kind (`fires-critical`).

| key | meaning |
| --- | --- |
| `is` | severity and state, "high active"; of `quiet`, what may be told instead of nothing |
| `why` | of `quiet`: why the look-alike is healthy |
| `missing` | of `skipped`: what the rule says it would have needed |
| `info`, `earlier` | lines of INFO, and of the sample before it |
| `log` | lines of the server log |
| `paste` | anything, kind unknown |
| `nodes` | `{name = lines of INFO}` where an incident has several |
| any other | a capture by its name: `slowlog`, `client_list`, `client_errors`, `config`, `acl_log` … |

A line that begins with `{40}` stands for forty of it, `{n}` being the number of each and `{nn}` the same in two digits.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.diagnostics.dossier import build_dossier
from incidents.diagnostics.evidence import read_intake
from incidents.diagnostics.findings import Finding
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.diagnostics.rules.engine import Examination, examine

FOLDER = Path(__file__).parent / "examples"
KINDS = ("fires", "quiet", "skipped")
_OWN = ("is", "why", "missing", "info", "earlier", "log", "paste", "nodes")


@dataclass(frozen=True)
class Case:
    rule: str
    name: str
    table: dict[str, Any]

    @property
    def kind(self) -> str:
        return self.name.partition("-")[0]

    @property
    def id(self) -> str:
        return f"{self.rule}:{self.name}"

    @property
    def intake(self) -> IncidentInput:
        captures = {name: text(value) for name, value in self.table.items() if name not in _OWN}
        if "earlier" in self.table:
            captures["redis_info_earlier"] = text(self.table["earlier"])
        nodes = self.table.get("nodes", {})
        return IncidentInput(
            redis_info=text(self.table.get("info", "")),
            error_logs=tuple(text(self.table.get("log", "")).splitlines()),
            artifacts=captures,
            pasted=(text(self.table["paste"]),) if "paste" in self.table else (),
            files=tuple(UploadedText(f"{name}-info.txt", text(lines)) for name, lines in nodes.items()),
        )


def text(value: str | list[str]) -> str:
    lines = value.splitlines() if isinstance(value, str) else value
    return "\n".join(one for line in lines for one in _repeated(line))


def _repeated(line: str) -> list[str]:
    many = re.match(r"\{(\d+)\}", line)
    if many is None:
        return [line]
    rest = line[many.end() :]
    return [rest.replace("{nn}", f"{n:02}").replace("{n}", str(n)) for n in range(1, int(many[1]) + 1)]


def areas() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def all_cases(*kinds: str) -> list[Case]:
    return [case for area in areas() for case in cases_of(area) if not kinds or case.kind in kinds]


def cases_of(area: str) -> Iterator[Case]:
    tables = tomllib.loads((FOLDER / f"{area}.toml").read_text(encoding="utf-8"))
    for rule, cases in tables.items():
        yield from (Case(rule, name, table) for name, table in cases.items())


def examined(case: Case) -> Examination:
    """Take the case the way an incident goes: read, sort by node, examine with the whole catalogue."""
    return examine(build_dossier(read_intake(case.intake), case.intake))


def told(case: Case) -> list[Finding]:
    return [finding for finding in examined(case).findings if finding.id == case.rule]


def described(finding: Finding) -> str:
    return f"{finding.severity.value} {finding.state.value}"
