"""Hints on the data model, from what --bigkeys counts per type. Never more than context: none of them is a fault."""

from __future__ import annotations

from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.findings import Evidence, State
from incidents.diagnostics.parsers.bigkeys import BigKeys
from incidents.diagnostics.rules.engine import Verdict, rule
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View


def _average_between(view: View, spec: RuleSpec, kind: str) -> Verdict | None:
    """Collections of a type that are mostly a little too large for their compact encoding."""
    report: BigKeys = view.need(EvidenceKind.BIGKEYS)
    found = next((entry for entry in report.types if entry.type == kind), None)
    if found is None or found.keys < spec.thresholds["least_keys"]:
        return None
    if not spec.thresholds["entries"] < found.average <= spec.thresholds["most_entries"]:
        return None
    quote = Evidence(
        f"{found.keys} {kind}s, average size {found.average:g} {found.unit}", "--bigkeys", None, view.node.name
    )
    return Verdict(spec.severity, State.CONTEXT, (quote,), {"keys": found.keys, "average": found.average})


def _biggest_over(view: View, spec: RuleSpec, kind: str) -> Verdict | None:
    """The biggest key of a type, where it is long."""
    report: BigKeys = view.need(EvidenceKind.BIGKEYS)
    key = next((entry for entry in report.biggest if entry.type == kind), None)
    if key is None or key.size <= spec.thresholds["entries"]:
        return None
    quote = Evidence(f"{kind} {key.name} {key.size} {key.unit}", "--bigkeys", key.line, view.node.name)
    return Verdict(spec.severity, State.CONTEXT, (quote,), {"key": key.name, "size": key.size})


@rule("ks-small-strings")
def small_strings(view: View, spec: RuleSpec) -> Verdict | None:
    """Very many tiny strings, each paying for its own key."""
    report: BigKeys = view.need(EvidenceKind.BIGKEYS)
    strings = next((entry for entry in report.types if entry.type == "string"), None)
    if strings is None or strings.keys < spec.thresholds["least_keys"] or strings.average >= spec.thresholds["bytes"]:
        return None
    text = f"{strings.keys} strings, average size {strings.average:g} {strings.unit}"
    values = {"keys": strings.keys, "average": strings.average}
    return Verdict(spec.severity, State.CONTEXT, (Evidence(text, "--bigkeys", None, view.node.name),), values)


@rule("ks-intset")
def intset(view: View, spec: RuleSpec) -> Verdict | None:
    return _average_between(view, spec, "set")


@rule("ks-hash-encoding")
def hash_encoding(view: View, spec: RuleSpec) -> Verdict | None:
    return _average_between(view, spec, "hash")


@rule("ks-zset-encoding")
def zset_encoding(view: View, spec: RuleSpec) -> Verdict | None:
    return _average_between(view, spec, "zset")


@rule("ks-hash-field-names")
def hash_field_names(view: View, spec: RuleSpec) -> Verdict | None:
    return _biggest_over(view, spec, "hash")


@rule("ks-list-compression")
def list_compression(view: View, spec: RuleSpec) -> Verdict | None:
    return _biggest_over(view, spec, "list")
