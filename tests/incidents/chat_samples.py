"""A portal whose model is the local endpoint, for tests with a database."""

from __future__ import annotations

from typing import Any

from incidents import services
from incidents.models import AnalysisRun
from incidents.runs.execution import execute_run
from tests.incidents.analysis.chat.samples import intake


def use(settings: Any, server: Any, *, model: str = "local-model", **changes: Any) -> None:
    """Point the settings at a local endpoint."""
    given = {
        "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-test-0123456789abcdef", "OPENAI_MODEL": model,
        "CHAT_ENABLED": True, "MODEL_TIMEOUT_SECONDS": 8.0, **changes,
    }  # fmt: skip
    for name, value in given.items():
        setattr(settings, name, value)


def analysed(reporter: Any, *, language: str = "en", given: Any = None) -> AnalysisRun:
    """An incident that has been analysed to its end."""
    incident = services.create_incident(intake=given or intake(), reporter=reporter, language=language)
    run = services.start_analysis(incident=incident, actor=reporter)
    for _row in execute_run(run=run, worker="test"):
        pass
    run.refresh_from_db()
    return run
