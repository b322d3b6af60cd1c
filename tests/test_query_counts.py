"""Every page asks the database a bounded number of questions: as many among hundreds of rows as among ten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from incidents.finding.models import IncidentText, IncidentTrait, SavedView
from incidents.models import AnalysisRun, EvidenceItem, Incident, IncidentChange
from knowledge_base.models import KnowledgeDocument
from tests.access_table import ACCESS, ADMIN
from tests.test_access import address_of

MOST = 30  # questions of one page
# More, and why: each of these shows that many different things.
MORE = {"incident-detail": 45, "run-detail": 45}
FEW, MANY = 10, 300
NO_PAGES = ("events", "live", "logout", "set_language", "jsi18n", "javascript-catalog")


def fill(bob: User, count: int) -> None:
    """Rows of every kind that lists show, written in bulk."""
    now = timezone.now()
    have = Incident.objects.count()
    incidents = Incident.objects.bulk_create(
        Incident(title=f"Writes fail {n}", severity="high", category="memory", reporter=bob, assignee=bob,
                 diagnosed_at=now, status="open")
        for n in range(have, count)
    )  # fmt: skip
    IncidentText.objects.bulk_create(IncidentText(incident=one, head="write fail", version=1) for one in incidents)
    IncidentTrait.objects.bulk_create(
        IncidentTrait(incident=one, kind=kind, name=name, at=now - timedelta(hours=1))
        for one in incidents
        for kind, name in (("finding", "mem-maxmemory-pressure"), ("cause", "maxmemory-noeviction"))
    )
    IncidentChange.objects.bulk_create(IncidentChange(incident=one, kind="reported", actor=bob) for one in incidents)
    AnalysisRun.objects.bulk_create(
        AnalysisRun(incident=one, status="failed", finished_at=now, requested_by=bob) for one in incidents
    )
    EvidenceItem.objects.bulk_create(
        EvidenceItem(incident=one, sequence=1, origin="pasted", text="used_memory:1") for one in incidents
    )
    KnowledgeDocument.objects.bulk_create(
        KnowledgeDocument(pk=f"kb-{n}", title=f"Document {n}", kind="runbook", language="en", category="memory",
                          severity="high", status="published")
        for n in range(KnowledgeDocument.objects.count(), count)
    )  # fmt: skip
    SavedView.objects.bulk_create(
        SavedView(owner=bob, name=f"view {n}", query="status=open", is_shared=True)
        for n in range(SavedView.objects.count(), min(count, 40))
    )


def addresses(bob: User) -> Iterator[tuple[str, str]]:
    """Every route that answers GET with a page or a list."""
    for name, methods in ACCESS.items():
        if "GET" in methods and not name.endswith(("-slash", *NO_PAGES)):
            yield name, address_of(name, bob)
    yield "search", f"{reverse('search')}?q=write+fail&stay=1"
    yield "suggestions", f"{reverse('suggestions')}?q=wri"
    yield "incident-list", f"{reverse('incident-list')}?q=write&status=open&assignee=me&cause=maxmemory-noeviction"
    for name in ADMIN:
        yield f"admin:{name}", reverse(f"admin:{name}")


def questions(client: Client, address: str) -> int:
    client.get(address)  # what is read once and kept is no part of the page
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return len(asked)


@pytest.mark.django_db
def test_no_page_asks_more_the_more_there_is(alice, bob):
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    pages = list(addresses(bob))
    fill(bob, FEW)
    few = {page: questions(client, page[1]) for page in pages}

    fill(bob, MANY)
    many = {page: questions(client, page[1]) for page in pages}

    grown = {page: (few[page], many[page]) for page in pages if many[page] > few[page] + 2}
    too_many = {page: many[page] for page in pages if many[page] > MORE.get(page[0], MOST)}
    assert grown == {}
    assert too_many == {}
