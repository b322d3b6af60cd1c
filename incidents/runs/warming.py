"""Load rules, patterns and indexes before the first incident needs them: it took 3 s cold, 0.07 s warm."""

from __future__ import annotations

import gc
import logging
import threading

from django.db import connection

from incidents.diagnostics.intake import IncidentInput

logger = logging.getLogger(__name__)

# Small, but enough of an incident to go through every stage.
EXAMPLE = IncidentInput(
    description="OOM command not allowed when used memory > 'maxmemory'.",
    redis_info="# Server\nredis_version:7.2.4\n# Memory\nused_memory:1000\nmaxmemory:1000\nmaxmemory_policy:noeviction",
    error_logs=("1:M 01 Jan 2026 00:00:00.000 # Can't save in background: fork: Cannot allocate memory",),
)


def warm_up() -> None:
    """Analyse a small example by the rules alone, in a thread of its own. Nothing is stored."""
    threading.Thread(target=_analyse_example, name="warm-up", daemon=True).start()


def _analyse_example() -> None:
    from incidents.analysis.pipeline import analyze
    from incidents.runs.wiring import retrieve_knowledge

    try:
        _load_model()
        for _event in analyze(EXAMPLE, incident_id="", language="en", retriever=retrieve_knowledge):
            pass
    except Exception:  # isolation point: a failed warm-up costs the first incident some seconds, not the start
        logger.exception("warming up failed")
    finally:
        connection.close()
        spare_what_stays()


def spare_what_stays() -> None:
    """Tell Python's garbage collector not to look again at what has been loaded: looking held a page up by 150 ms."""
    gc.collect()
    gc.freeze()


def _load_model() -> None:
    """Load what a model's first call and the check of its answer would have to wait for. Sends nothing."""
    from incidents.language_model import language_models

    if language_models.is_configured():
        from incidents.analysis.chat.claims import lexicon

        language_models.warm_up()
        lexicon()
