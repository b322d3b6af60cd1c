"""Every page: its time on the server among many incidents and documents, and its first paint in Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import browser, portal
from benchmarks.bench import Bench, milliseconds, percentile

COUNT = 10_000  # of incidents and of documents
ROUNDS = 20
GOAL_MS = 80
NOT_PAGES = ("events", "schema", "set_language", "set-theme", "logout", "jsi18n", "autocomplete")
LISTS = {
    "everything": "view=all", "words": "q=OOM", "unfinished words": "q=mem", "last page": "page=9999",
    "worst first": "order=severity", "mine, unresolved": "assignee=me&status=unresolved",
}  # fmt: skip
ADMIN_ACTIONS = ("_delete", "_history", "password_change", "view_on_site", "_user_password_change")


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    url: str


def run(bench: Bench) -> None:
    portal.set_up()
    from django.urls import reverse

    count = bench.size or COUNT
    portal.fill_documents(bench, count)
    with bench.working("a long log …"):
        portal.shown_incident()
    portal.fill_incidents(bench, count)
    found = list(pages())
    _server_times(bench, found, count)
    shown = [(page.name, page.url) for page in found if not page.url.startswith("/api/v1")]
    long_log = reverse("evidence-detail", args=[portal.shown_incident().pk, portal.LONG_LOG])
    cookie = portal.session()
    with portal.serving() as (address, _):
        browser.measure(bench, address, cookie, shown, long_log)


def pages() -> Iterator[Page]:
    """Every address that answers GET with a page, filled in with what there is."""
    from django.urls import NoReverseMatch, get_resolver, reverse

    seen: set[str] = set()
    for name, parameters in _routes(get_resolver()):
        if name.endswith(NOT_PAGES) or any(part in name for part in (*NOT_PAGES, *ADMIN_ACTIONS)):
            continue
        try:
            url = reverse(name, kwargs={key: _value(name, key) for key in parameters})
        except (NoReverseMatch, LookupError):
            continue
        if url not in seen:
            seen.add(url)
            yield Page(name, url)
    for question in ("메모리 사용률이 100%입니다", "replica lag"):
        yield Page("knowledge-search, a question", f"{reverse('knowledge-search')}?q={question}")
    for what, query in LISTS.items():
        yield Page(f"incident-list, {what}", f"{reverse('incident-list')}?{query}")
    yield Page("search, words", f"{reverse('search')}?q=OOM+memory&stay=1")
    yield Page("suggestions, unfinished words", f"{reverse('suggestions')}?q=OOM+mem")
    yield Page("dashboard, a year", f"{reverse('dashboard')}?period=365d")


def _routes(resolver: Any, namespace: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, ways in resolver.reverse_dict.lists():
        if isinstance(name, str):
            yield f"{namespace}{name}", tuple(ways[0][0][0][1])
    for inner, (_, child) in resolver.namespace_dict.items():
        yield from _routes(child, f"{namespace}{inner}:")


def _value(name: str, parameter: str) -> Any:
    """What stands in an address. LookupError where nothing fits."""
    from django.apps import apps

    incident = portal.shown_incident()
    known = {"incident_id": incident.pk, "document_id": "bench-000001", "sequence": 1, "app_label": "incidents"}
    if parameter in ("run_id", "pk") and incident.latest_run is not None:
        known[parameter] = incident.latest_run.pk
    if parameter == "object_id":
        app, model, _ = name.removeprefix("admin:").rsplit("_", 2) if name.count("_") < 3 else _admin_parts(name)
        first = apps.get_model(app, model).objects.order_by("pk").first()
        if first is None:
            raise LookupError(name)
        return first.pk
    if name.startswith("api-incident") and parameter in ("incident_id", "public_id"):
        return incident.public_id
    return known[parameter]


def _admin_parts(name: str) -> tuple[str, str, str]:
    model, action = name.removeprefix("admin:").rsplit("_", 2)[-2:]
    app = name.removeprefix("admin:").removesuffix(f"_{model}_{action}")
    return app, model, action


def _server_times(bench: Bench, found: list[Page], count: int) -> None:
    from django.test import Client

    from incidents.runs.warming import spare_what_stays

    spare_what_stays()  # as the server does once it is warm
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.force_login(portal.administrator())
    measured = [one for page in bench.track(found, "pages") if (one := _server_time(client, page))]
    measured.sort(key=lambda one: -one.p95)
    bench.table(
        (f"on the server, {count:,} incidents and documents", "p50", "p95", "p95 of processor", "queries", "HTML"),
        [one.row for one in measured],
    )
    slow = sum(1 for one in measured if one.p95 >= GOAL_MS)
    bench.console.print(f"{len(measured)} pages, {slow} of them not under the goal of {GOAL_MS} ms (p95)")


@dataclass(frozen=True, slots=True)
class ServerTime:
    """Milliseconds. The processor's share tells what a busy machine adds to the rest."""

    name: str
    p50: float
    p95: float
    processor: float
    queries: int
    size: int

    @property
    def row(self) -> tuple[str, ...]:
        times = (milliseconds(value) for value in (self.p50, self.p95, self.processor))
        return (self.name, *times, str(self.queries), f"{self.size / 1000:.0f} kB")


def _server_time(client: Any, page: Page) -> ServerTime | None:
    """How long a page takes. None for what answers no page: streams, addresses for POST alone."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answer = client.get(page.url)
    if answer.status_code != 200 or answer.streaming:
        return None
    with CaptureQueriesContext(connection) as queries:
        client.get(page.url)
    count = len(queries)  # now: the next request empties the log
    times, busy = [], []
    for _ in range(ROUNDS):
        started, worked = time.perf_counter(), time.process_time()
        client.get(page.url)
        times.append((time.perf_counter() - started) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    return ServerTime(
        page.name, percentile(times, 0.5), percentile(times, 0.95), percentile(busy, 0.95), count, len(answer.content),
    )  # fmt: skip
