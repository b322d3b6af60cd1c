"""What is known of releases: support dates, newest patches, vulnerabilities. And the rules that look them up."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from incidents.diagnostics.dossier import Dossier
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.findings import Severity, State
from incidents.diagnostics.rules.engine import Verdict, dossier_rule, rule
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View
from incidents.diagnostics.text import Text

Number = tuple[int, ...]
_VERSION = re.compile(r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")
UNSTABLE = 255  # builds of the development branch call themselves 255.255.255
SHOWN = 6  # vulnerabilities that a summary names


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One CVE: which releases have it, and what must be on for it to matter."""

    id: str
    severity: Severity
    what: Text
    fixed: Mapping[str, tuple[Number, ...]]  # by product
    since: Number = ()
    ranges: tuple[tuple[Number, Number], ...] = ()
    needs: str = ""

    def affects(self, product: str, version: Number) -> bool:
        fixed = self.fixed.get(product, ())
        if not fixed or version < self.since:
            return False
        if self.ranges:
            return any(first <= version <= last for first, last in self.ranges)
        same_series = [release for release in fixed if release[:2] == version[:2]]
        return version < (min(same_series) if same_series else max(fixed))


@dataclass(frozen=True, slots=True)
class Releases:
    """The data file as values."""

    as_of: date
    unsupported: frozenset[Number]
    series: Mapping[str, Mapping[Number, Mapping[str, Any]]]
    vulnerabilities: tuple[Vulnerability, ...]


@cache
def releases() -> Releases:
    with (Path(__file__).parent / "releases.toml").open("rb") as stream:
        data = tomllib.load(stream)
    series = {
        product: {number(name): entry for name, entry in table.items()} for product, table in data["series"].items()
    }
    found = tuple(_vulnerability(table) for table in data["cve"])
    return Releases(data["as_of"], frozenset(number(name) for name in data["unsupported"]), series, found)


def number(text: str) -> Number:
    return tuple(int(part) for part in text.split("."))


def _vulnerability(table: Mapping[str, Any]) -> Vulnerability:
    return Vulnerability(
        id=table["id"],
        severity=Severity(table["severity"]),
        what=Text.of(table["what"]),
        fixed={product: tuple(number(one) for one in table.get(product, ())) for product in ("redis", "valkey")},
        since=number(table["since"]) if "since" in table else (),
        ranges=tuple((number(first), number(last)) for first, last in table.get("ranges", ())),
        needs=table.get("needs", ""),
    )


def release_of(view: View) -> tuple[str, Number]:
    """Product and version as they are: what Valkey prints as redis_version is for compatibility only."""
    is_valkey = view.has("valkey_version") or view.get("server_name") == "valkey"
    name = "valkey_version" if is_valkey else "redis_version"
    found = _VERSION.match(view.text(name))
    if found is None or int(found[1]) == UNSTABLE:
        raise MissingField(name)
    return ("valkey" if is_valkey else "redis"), tuple(int(part) for part in found.groups())


@rule("sec-known-cve")
def known_cve(view: View, spec: RuleSpec) -> Verdict | None:
    """Vulnerabilities that the version string points to, worst first. Distributions mend without a new number."""
    product, version = release_of(view)
    found = [v for v in releases().vulnerabilities if v.affects(product, version) and _is_met(v.needs, view)]
    if not found:
        return None
    found.sort(key=lambda v: (-v.severity.rank, v.id))
    named = Text(
        ko="; ".join(f"{v.id} ({v.what.ko})" for v in found[:SHOWN]),
        en="; ".join(f"{v.id} ({v.what.en})" for v in found[:SHOWN]),
    )
    values = {"version": _say(product, version), "count": len(found), "named": named, "ids": [v.id for v in found]}
    return Verdict(found[0].severity, evidence=view.evidence(), values=values)


def _is_met(needs: str, view: View) -> bool:
    """Whether the precondition of a vulnerability is seen. What nobody pasted is not claimed."""
    if needs == "tls":
        return view.has_config("tls-port") and view.config("tls-port") not in ("0", "")
    if needs == "modules":
        return bool(view.node.info.modules)
    if needs == "writable-replica":
        return bool(view.get("role") == "slave" and view.get("slave_read_only") == 0)
    if needs == "cluster":
        return bool(view.get("cluster_enabled") == 1)
    if needs == "arch32":
        return bool(view.get("arch_bits") == 32)
    if needs == "unixsocket":
        return view.has_config("unixsocket") and view.config("unixsocket") != ""
    return not needs


@rule("sec-version-eol")
def version_eol(view: View, spec: RuleSpec) -> Verdict | None:
    """Past the end of support, near it, or not the newest patch, as of the data file."""
    product, version = release_of(view)
    known = releases().series[product]
    values: dict[str, Any] = {"version": _say(product, version), "as_of": releases().as_of.isoformat()}
    entry = known.get(version[:2])
    if product == "redis" and (version[:2] in releases().unsupported or version[:2] < min(known)):
        return Verdict(Severity.HIGH, evidence=view.evidence(), values=values, variant="unsupported")
    if entry is None:
        return None
    today, eol = _date_of(view), entry.get("eol")
    if eol is not None and today is not None:
        days = (eol - today).days
        values |= {"eol": eol.isoformat(), "days": days}
        if days <= spec.thresholds["days"]:
            severity = Severity.HIGH if days <= 0 else Severity.MEDIUM
            return Verdict(severity, evidence=view.evidence(), values=values, variant="past" if days <= 0 else "soon")
    if version < number(entry["newest"]):
        return Verdict(Severity.LOW, evidence=view.evidence(), values={**values, "newest": entry["newest"]})
    if eol is not None and today is None:
        raise MissingField("server_time_usec")
    return None


def _date_of(view: View) -> date | None:
    """The day of the evidence, by the server's own clock, the paste or the log."""
    moments: Sequence[datetime | None] = (view.node.info.server_time, view.now.at, view.node.log.last_at)
    return next((moment.date() for moment in moments if moment is not None), None)


def _say(product: str, version: Number) -> str:
    return f"{product.capitalize()} {'.'.join(str(part) for part in version)}"


@dossier_rule("life-version-mixed")
def version_mixed(dossier: Dossier, spec: RuleSpec) -> Verdict | None:
    """Nodes of one incident on different releases. Without a history nobody can tell a rolling upgrade from neglect."""
    found = dict(_releases_of(dossier))
    if len(found) < 2:
        if len(dossier.nodes) > 1 or dossier.of_kind(EvidenceKind.CLUSTER_NODES, EvidenceKind.SENTINEL):
            raise MissingField("redis_version of every node")
        return None
    if len(set(found.values())) == 1:
        return None
    told = ", ".join(f"{node or '?'}: {_say(*release)}" for node, release in sorted(found.items())[:6])
    quotes = tuple(
        n.latest.quote("valkey_version" if n.latest.has("valkey_version") else "redis_version")
        for n in dossier.nodes
        if n.latest is not None and n.name in found
    )
    return Verdict(spec.severity, State.RISK, quotes[:6], {"versions": told})


def _releases_of(dossier: Dossier) -> Iterator[tuple[str, tuple[str, Number]]]:
    for node in dossier.nodes:
        try:
            yield node.name, release_of(View(dossier, node))
        except MissingField:
            continue
