"""The portal's database for a bench: in the bench's own directory, with what every installation ships, and filled."""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks import documents, material
from benchmarks.bench import ROOT, Bench

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from incidents.diagnostics.intake import IncidentInput
    from incidents.models import Incident

LOG_LINES = 100_000  # of the long log that one incident holds
LONG_LOG = 4  # its number among that incident's evidence
BATCH = 500
START_SECONDS = 90
ANALYSIS_SECONDS = 60


@cache
def set_up() -> None:
    """Load Django, lay the tables and the shipped knowledge. Once per run of the benches."""
    import django

    django.setup()
    logging.getLogger("django").setLevel(logging.CRITICAL)  # addresses that answer POST alone are tried, too
    from django.core.management import call_command

    from incidents.setting_up import lay_roles
    from knowledge_base.services import load_shipped_knowledge

    call_command("migrate", verbosity=0)
    lay_roles()
    load_shipped_knowledge()


@cache
def administrator() -> User:
    from django.contrib.auth.models import User

    return User.objects.create_superuser("bench", password=None)


def fill_documents(bench: Bench, count: int) -> None:
    """Import documents up to a number and index them. Those of an earlier bench are taken as they are."""
    from knowledge_base.importing.rows import import_rows
    from knowledge_base.indexer import index_round
    from knowledge_base.models import KnowledgeDocument

    there = KnowledgeDocument.objects.filter(pk__startswith="bench-").count()
    if there < count:
        rows = (row for number, row in enumerate(documents.documents(count)) if number >= there)
        import_rows(bench.track(rows, "documents", total=count - there))
    with bench.working("indexing …"):
        while index_round():
            pass


@cache
def shown_incident() -> Incident:
    """An incident with a real analysis, whose evidence is a long log beside an INFO."""
    from incidents.diagnostics.intake import UploadedText

    case = material.cases()["a form's fields"]
    log = UploadedText("redis.log", "\n".join(material.log_lines(LOG_LINES)))
    return _analysed(replace(case, error_logs=(), files=(log,)))


def fill_incidents(bench: Bench, count: int) -> None:
    """Add incidents up to a number: a few kinds that were really analysed, copied with all that goes with them."""
    from incidents.models import Incident

    models = [_analysed(intake) for intake in material.cases().values()]
    dice = random.Random(7)  # noqa: S311  (not for secrets)
    for start in bench.track(range(Incident.objects.count(), count, BATCH), "incidents"):
        numbers = range(start, min(start + BATCH, count))
        _copy([(models[number % len(models)], number) for number in numbers], dice)


def _copy(wanted: list[tuple[Incident, int]], dice: random.Random) -> None:
    """Incidents of the last year, with run, evidence, words, traits and history: what lists and figures read."""
    from incidents.finding.models import IncidentText, IncidentTrait
    from incidents.models import AnalysisRun, EvidenceItem, Incident, IncidentChange

    incidents = Incident.objects.bulk_create(_copied(model, number, dice) for model, number in wanted)
    pairs = [(incident, model) for incident, (model, _) in zip(incidents, wanted, strict=True)]
    for incident in incidents:  # the database had its own idea of when they were made
        incident.created_at = incident.occurred_at or incident.created_at
    Incident.objects.bulk_update(incidents, ["created_at"])
    results, words, traits = _report_of, _words_of, _traits_of
    AnalysisRun.objects.bulk_create(
        AnalysisRun(incident=one, status="succeeded", finished_at=one.diagnosed_at, result=results(model))
        for one, model in pairs
    )
    EvidenceItem.objects.bulk_create(
        EvidenceItem(incident=one, sequence=1, origin="redis_info", kind="info", text=material.info(), lines=50)
        for one, _ in pairs
    )
    IncidentText.objects.bulk_create(
        IncidentText(incident=one, evidence_until=1, **words(model) | {"head": f"{words(model)['head']} {one.pk:06d}"})
        for one, model in pairs
    )
    IncidentTrait.objects.bulk_create(
        IncidentTrait(incident=one, kind=kind, name=name, at=one.created_at)
        for one, model in pairs
        for kind, name in traits(model)
    )
    IncidentChange.objects.bulk_create(
        IncidentChange(incident=one, kind="reported", actor=one.reporter, at=one.created_at) for one, _ in pairs
    )


def _copied(model: Incident, number: int, dice: random.Random) -> Incident:
    from incidents.models import Incident

    at = model.updated_at - timedelta(minutes=dice.randrange(60 * 24 * 365))
    status = dice.choice(("open", "investigating", "mitigated", "resolved", "resolved", "resolved"))
    is_resolved = status == "resolved"
    return Incident(
        title=f"{model.title} ({number})", severity=model.severity, category=model.category, status=status,
        summary=model.summary, confidence=model.confidence, description=model.description, occurred_at=at,
        reporter=administrator(), diagnosed_at=at + timedelta(seconds=dice.randrange(1, 60)),
        resolved_at=at + timedelta(minutes=dice.randrange(5, 900)) if is_resolved else None,
        diagnosis_right=dice.choice(("yes", "partly", "no", "")) if is_resolved else "",
    )  # fmt: skip


@cache
def _report_of(model: Incident) -> dict[str, Any]:
    run = model.latest_run
    return dict(run.result) if run and run.result else {}


@cache
def _words_of(model: Incident) -> dict[str, Any]:
    text = model.indexed_text
    return {name: getattr(text, name) for name in ("head", "said", "report", "evidence", "comments", "version")}


@cache
def _traits_of(model: Incident) -> list[tuple[str, str]]:
    return list(model.traits.values_list("kind", "name"))


def _analysed(intake: IncidentInput) -> Incident:
    from incidents import services
    from incidents.runs.execution import execute_run

    incident = services.create_incident(intake=intake, reporter=administrator(), language="en")
    run = services.start_analysis(incident=incident, actor=administrator())
    for _ in execute_run(run=run, worker="bench"):
        pass
    until = time.monotonic() + ANALYSIS_SECONDS
    while time.monotonic() < until and run.is_active:  # a worker of the portal's may have been quicker
        time.sleep(0.05)
        run.refresh_from_db()
    incident.refresh_from_db()
    return incident


def session() -> str:
    """The cookie of a logged-in administrator."""
    from django.test import Client

    client = Client()
    client.force_login(administrator())
    return str(client.cookies["sessionid"].value)


@contextmanager
def serving(**environment: str) -> Iterator[tuple[str, int]]:
    """Serve the bench's directory as `make run` does. Yield the address and the process' id."""
    from django.db import connections

    from knowledge_base.vector_index import release_store

    release_store()  # the serving process owns the vectors
    connections.close_all()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        (sys.executable, "manage.py", "serve", "--port", str(port)), cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/healthz", process)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  (of our own)
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the portal did not start")
