"""The instruments of a report as a part of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from incidents.drawings import draw_culprit, draw_forecast, draw_ledger

register = template.Library()

MOST_LEDGERS = 6


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
