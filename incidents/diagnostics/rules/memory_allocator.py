"""Where memory goes that the data set does not need: fragmentation, free pages, what lies outside the allocator."""

from __future__ import annotations

from incidents.diagnostics.findings import Severity, State
from incidents.diagnostics.rules.engine import TINY_BYTES, Verdict, rule
from incidents.diagnostics.rules.specs import RuleSpec
from incidents.diagnostics.rules.view import View

MB = 1024 * 1024


@rule("mem-fragmentation-total")
def fragmentation_total(view: View, spec: RuleSpec) -> Verdict | None:
    """Always look at bytes beside the ratio; name a past peak, a fork and a tiny data set for what they are."""
    cuts = spec.thresholds
    ratio = view.number("mem_fragmentation_ratio")
    used = view.number("used_memory")
    rss = float(view.get("used_memory_rss", 0) or 0) or ratio * used
    wasted = float(view.get("mem_fragmentation_bytes", max(rss - used, 0.0)))
    peak = float(view.get("used_memory_peak", 0) or 0)
    values = {"ratio": ratio, "used_memory": used, "used_memory_rss": rss, "wasted": wasted, "used_memory_peak": peak}
    if ratio <= cuts["told_ratio"]:
        return None
    if used < TINY_BYTES or wasted < cuts["told_bytes"]:
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "tiny")
    severity = _severity(view, spec, ratio, wasted, used)
    if severity is None or _is_saving(view):
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values)
    allocator = float(view.get("allocator_frag_ratio", ratio))
    if peak > cuts["peak_ratio"] * used and allocator < cuts["allocator_ratio"]:
        return Verdict(Severity.LOW, State.CONTEXT, view.evidence(), values, "peak")
    return Verdict(severity, evidence=view.evidence(), values=values)


def _severity(view: View, spec: RuleSpec, ratio: float, wasted: float, used: float) -> Severity | None:
    cuts = spec.thresholds
    host = float(view.get("total_system_memory", 0) or 0)
    if ratio > cuts["high_ratio"] and wasted > min(cuts["high_bytes"], cuts["host_share"] * host or cuts["high_bytes"]):
        return Severity.HIGH
    is_medium = ratio > cuts["medium_ratio"] and wasted > cuts["medium_bytes"] and wasted > cuts["used_share"] * used
    return Severity.MEDIUM if is_medium else None


def _is_saving(view: View) -> bool:
    """During a fork copy-on-write inflates RSS; it passes."""
    return 1 in (view.get("rdb_bgsave_in_progress"), view.get("aof_rewrite_in_progress"))


def _graded(view: View, spec: RuleSpec, ratio_field: str, bytes_field: str) -> Verdict | None:
    """One of MEMORY DOCTOR's ratios, with the bytes beside it. Context: `mem-fragmentation-total` judges the whole."""
    if view.number("used_memory") < TINY_BYTES or str(view.get("mem_allocator", "")).startswith("libc"):
        return None
    ratio, wasted, cuts = view.number(ratio_field), view.number(bytes_field), spec.thresholds
    for severity in (Severity.MEDIUM, Severity.LOW):
        if ratio > cuts[f"{severity.value}_ratio"] and wasted > cuts[f"{severity.value}_bytes"]:
            return Verdict(severity, State.CONTEXT, view.evidence(), {"ratio": ratio, "wasted": wasted})
    return None


@rule("mem-fragmentation-allocator")
def allocator_fragmentation(view: View, spec: RuleSpec) -> Verdict | None:
    return _graded(view, spec, "allocator_frag_ratio", "allocator_frag_bytes")


@rule("mem-allocator-rss")
def allocator_rss(view: View, spec: RuleSpec) -> Verdict | None:
    return _graded(view, spec, "allocator_rss_ratio", "allocator_rss_bytes")


@rule("mem-process-rss-overhead")
def process_overhead(view: View, spec: RuleSpec) -> Verdict | None:
    return _graded(view, spec, "rss_overhead_ratio", "rss_overhead_bytes")


@rule("mem-active-defrag-ineffective")
def defrag_ineffective(view: View, spec: RuleSpec) -> Verdict | None:
    """A build that cannot, or defragmentation that runs on and on without bringing the ratio down."""
    refused = view.said("reply-defrag-disabled") or view.events("reply-defrag-disabled")
    if refused:
        return Verdict(spec.severity, evidence=(refused[-1].quote(),))
    if view.number("active_defrag_running") <= 0 or view.node.earlier is None or view.node.restarted:
        return None
    ratio, running = view.node.growth("allocator_frag_ratio"), view.node.growth("active_defrag_running")
    if running.before <= 0 or ratio.seconds < spec.thresholds["running_seconds"] or ratio.amount < 0:
        return None
    view.delta("allocator_frag_ratio")
    values = {"ratio": ratio.after, "seconds": ratio.seconds}
    return Verdict(spec.severity, evidence=view.evidence(), values=values, variant="endless")
