"""A fault that happens while you watch: a server fills up, an incident is opened, evidence follows it to the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.lab.connections import Pool, pipeline
from incidents.lab.faults import sets
from incidents.lab.servers import ConfigValue, RedisServer
from incidents.models import Incident

logger = logging.getLogger(__name__)

STEP_SECONDS = 6.0  # between two looks at the server


def start_demonstration(*, say: Callable[[str], None], language: str) -> threading.Event:
    """Begin in the background. Setting the returned event ends it and its server."""
    stop = threading.Event()
    threading.Thread(target=_demonstrate, args=(stop, say, language), name="demonstration", daemon=True).start()
    return stop


def _demonstrate(stop: threading.Event, say: Callable[[str], None], language: str) -> None:
    try:
        config: dict[str, ConfigValue] = {"maxmemory": "40mb", "maxmemory-policy": "noeviction", "maxclients": 200}
        with RedisServer(config) as server, Pool(server.port, size=20, name="checkout-api"):
            _play(server, stop, say, language)
    except Exception:  # isolation point: the portal goes on without its demonstration
        logger.exception("the demonstration failed")


def _play(server: RedisServer, stop: threading.Event, say: Callable[[str], None], language: str) -> None:
    pipeline(server.port, sets(6000, 1000, "session"))
    description = {
        "ko": "결제 세션 저장이 느려졌다는 문의가 들어옵니다. 메모리 그래프가 계속 올라갑니다.",
        "en": "Checkout reports slow session writes, and the memory graph only goes up.",
    }[language]
    incident = services.create_incident(
        intake=_sample(server, description=description), reporter=None, language=language
    )
    services.start_analysis(incident=incident, actor=None)
    say(f"Demonstration: watch {incident} while a real redis-server on port {server.port} fills up.")
    for batch in range(8):
        if stop.wait(STEP_SECONDS):
            return
        errors = pipeline(server.port, sets(6000, 1000, f"audit:{batch}"))
        _add(incident, _sample(server, errors=errors))
        if errors:
            say("Demonstration: the server refuses writes now; the last analysis names the cause.")
            stop.wait()
            return


def _add(incident: Incident, intake: IncidentInput) -> None:
    services.add_evidence(incident=incident, intake=intake, actor=None)
    for _ in range(20):
        try:
            services.start_analysis(incident=incident, actor=None)
            return
        except services.AnalysisAlreadyRunning:
            time.sleep(0.5)


def _sample(server: RedisServer, *, description: str = "", errors: list[str] | None = None) -> IncidentInput:
    artifacts = {"client_list": server.cli("CLIENT", "LIST"), "redis_info_at": datetime.now(UTC).isoformat()}
    if errors:
        artifacts["client_errors"] = "\n".join(f"redis.ResponseError: {text}" for text in errors)
    return IncidentInput(redis_info=server.cli("INFO", "all"), description=description, artifacts=artifacts)
