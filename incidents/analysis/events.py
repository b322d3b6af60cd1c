"""What a run tells while it works. Each event is stored before it is shown; payloads are plain JSON types."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    EVIDENCE_READ = "evidence_read"  # {"pieces": [{"kind","name","node","lines","at"}], "facts": {...}}
    FINDING = "finding"  # ReportedFinding as JSON, and whether it `repeats` one that another node had
    SKIPPED = "skipped"  # {"rules": [SkippedRule…]}
    HYPOTHESIS = "hypothesis"  # ReportedHypothesis as JSON
    PASSAGE = "passage"  # Reference as JSON
    TOOL = "tool"  # {"name","arguments","result"}: the model looked something up
    TEXT = "text"  # {"delta": "…"}: the analyst's words as they come
    REPORT = "report"  # AnalysisResult as JSON; the rules' report comes first, a model's may follow
    NOTICE = "notice"  # {"code","message"}: degraded, slow model, index down
    FAILED = "failed"  # {"message"}
    DONE = "done"  # {"status": "succeeded" | "failed" | "cancelled"}


@dataclass(frozen=True, slots=True)
class RunEvent:
    kind: EventKind
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def is_last(self) -> bool:
        return self.kind is EventKind.DONE
