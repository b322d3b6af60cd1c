"""The instruments of a report as a part of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from incidents.analysis.report import AnalysisResult
from incidents.drawing.drawings import draw_change, draw_culprit, draw_forecast, draw_ledger
from incidents.drawing.timeline_drawing import draw_timeline

register = template.Library()

MOST_LEDGERS = 6
MOST_NODES = 6


@register.inclusion_tag("incidents/parts/instruments.html")
def instruments(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Draw ledger, forecasts and applications of a report's facts; nothing where the evidence was not there."""
    facts = facts or {}
    return {
        "ledgers": [draw_ledger(ledger) for ledger in facts.get("ledgers", [])[:MOST_LEDGERS]],
        "forecasts": [draw_forecast(line) for line in facts.get("forecast_lines", [])],
        "culprits": [draw_culprit(culprit) for culprit in facts.get("culprits", [])],
        "withheld": facts.get("withheld", []),
    }


@register.inclusion_tag("incidents/parts/timeline.html")
def log_timeline(report: AnalysisResult) -> dict[str, Any]:
    """Draw when the log said what, and where the findings stand in it."""
    return {"timeline": draw_timeline(report.facts.get("pulse"), report.findings)}


@register.inclusion_tag("incidents/parts/samples.html")
def sample_changes(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Draw what moved between two samples of a node."""
    samples = (facts or {}).get("changes", [])[:MOST_NODES]
    return {"nodes": [(node["node"], [draw_change(change) for change in node["changes"]]) for node in samples]}
