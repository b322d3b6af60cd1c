"""What a new report says differently from the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incidents.analysis.report import AnalysisResult, ReportedFinding, from_json


@dataclass(frozen=True, slots=True)
class Changes:
    """Differences between two reports. An empty one means that more evidence changed nothing."""

    severity_before: str = ""  # empty when it stayed
    category_before: str = ""
    confidence_before: float | None = None  # None when it stayed within a point
    root_before: str = ""
    appeared: tuple[ReportedFinding, ...] = ()
    vanished: tuple[ReportedFinding, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.severity_before or self.category_before or self.root_before or self.appeared or self.vanished
            or self.confidence_before is not None
        )  # fmt: skip


def compare(before: Mapping[str, Any] | None, after: AnalysisResult) -> Changes | None:
    """Compare a report with the one before it. None when there was none."""
    if before is None:
        return None
    earlier = from_json(before)
    old, new = _by_place(earlier), _by_place(after)
    return Changes(
        severity_before=earlier.severity if earlier.severity != after.severity else "",
        category_before=earlier.category if earlier.category != after.category else "",
        confidence_before=_moved(earlier.confidence_score, after.confidence_score),
        root_before=_root(earlier) if _root(earlier) != _root(after) else "",
        appeared=tuple(new[place] for place in new if place not in old),
        vanished=tuple(old[place] for place in old if place not in new),
    )


def _by_place(report: AnalysisResult) -> dict[tuple[str, str], ReportedFinding]:
    return {(finding.id, finding.node): finding for finding in report.findings}


def _moved(before: float, after: float) -> float | None:
    return before if abs(before - after) >= 0.01 else None


def _root(report: AnalysisResult) -> str:
    return next((hypothesis.title for hypothesis in report.hypotheses if hypothesis.is_root_cause), "")
