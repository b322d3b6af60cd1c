"""Drafts for others without a model: templates that the report fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from string import Template

from incidents.analysis.chat.wording import say
from incidents.analysis.report import AnalysisResult

FOLDER = Path(__file__).parent / "drafts"
MOST_ACTIONS = 4


class DraftKind(StrEnum):
    MESSAGE = "message"
    STATUS_PAGE = "status-page"
    POST_MORTEM = "post-mortem"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an incident knows beyond its report. Times are texts, as people gave them or as logs tell them."""

    incident_id: str
    title: str
    since: str = ""
    resolution: str = ""
    timeline: Sequence[str] = ()
    words: Mapping[str, str] = field(default_factory=dict)  # how the page says a severity or category


def draft(kind: DraftKind, report: AnalysisResult, circumstances: Circumstances) -> str:
    """Write a draft in the report's language, from what the report says."""
    language = report.language
    unknown = say("to_be_filled_in", language)
    template = (FOLDER / f"{kind.value}.{language}.md").read_text(encoding="utf-8")
    causes = [one.title for one in report.hypotheses if one.is_root_cause]
    return (
        Template(template)
        .safe_substitute(
            incident_id=circumstances.incident_id,
            title=circumstances.title,
            severity=circumstances.words.get(report.severity, report.severity),
            category=circumstances.words.get(report.category, report.category),
            summary=report.summary,
            since=circumstances.since or unknown,
            cause="; ".join(causes) or unknown,
            confidence=f"{report.confidence_score:.0%}",
            actions=_list([step.title for step in report.immediate_actions[:MOST_ACTIONS]], unknown),
            effect=say(f"effect_{report.category}", language),
            timeline=_list(circumstances.timeline, unknown),
            root_cause=report.root_cause_analysis,
            chain=_list([f"{link.cause_title} → {link.effect_title}" for link in report.causal_chain[:12]], unknown),
            resolution=circumstances.resolution or unknown,
            prevention=_list(report.prevention_tips, unknown),
        )
        .strip()
    )


def _list(items: Sequence[str], otherwise: str) -> str:
    return "\n".join(f"- {item}" for item in items if item) or f"- {otherwise}"
