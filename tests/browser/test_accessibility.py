"""axe on every page in both themes: one browser, one portal, nothing found.

A picture of each page in each theme is kept under artefacts/pages.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from incidents import services
from incidents.models import Incident
from incidents.runs.execution import execute_run
from incidents.samples import SAMPLES
from tests.access_table import ACCESS

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# What the rules of WCAG 2.2 AA and axe's own good practice say; in the other theme only colours can differ.
RUN = """(rules) => axe.run(document, {
  runOnly: rules ? {type: "rule", values: rules} : {type: "tag", values: [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
  resultTypes: ["violations"],
}).then((found) => found.violations.map((each) => `${each.id}: ${each.nodes.slice(0, 4).map((node) =>
  node.target.join(" ") + " " + (node.any[0] ? node.any[0].message : "")).join(" | ")}`))"""
# Colours of controls that have a transition arrive a frame or two later, however short it is.
DARK = """new Promise((ready) => { document.documentElement.dataset.theme = "dark";
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(ready, 100))); })"""
PICTURES = Path(__file__).resolve().parents[2] / "artefacts" / "pages"
NO_PAGES = ("events", "-live", "-file", "schema", "healthz", "catalog", "capsule", "-text", "export", "-find")
ADMIN = (
    "/admin/", "/admin/incidents/incident/", "/admin/knowledge_base/knowledgedocument/",
    "/admin/knowledge_base/knowledgedocument/add/", "/admin/knowledge_base/knowledgedocument/worklist/",
    "/admin/knowledge_base/knowledgedocument/retrieval/?q=OOM", "/admin/incidents/modelcall/", "/admin/auth/user/",
)  # fmt: skip


@pytest.fixture
def analysed(bob) -> Incident:
    """A real sample with a real report, so that every part of the page is there."""
    sample = SAMPLES["memory"]
    incident = services.create_incident(intake=sample.intake(), reporter=bob, language="en", title=str(sample.title))
    run = services.start_analysis(incident=incident, actor=bob)
    list(execute_run(run=run, worker="w"))
    return incident


def addresses(incident: Incident) -> list[str]:
    """Every page that answers GET, from the table of routes, and the admin's kinds of pages."""
    from django.urls import NoReverseMatch, reverse

    values = {
        "incident_id": incident.pk, "run_id": incident.latest_run.pk, "sequence": 1, "name": "memory",
        "rule_id": "mem-maxmemory-pressure",
    }  # fmt: skip
    found = ["/incidents/?q=nothing", "/knowledge/?q=OOM", "/nowhere/", *ADMIN]
    for name, methods in ACCESS.items():
        if "GET" not in methods or name.startswith("api-v1") or any(part in name for part in NO_PAGES):
            continue
        for keys in (set(), {"incident_id"}, {"incident_id", "run_id"}, {"incident_id", "sequence"}, {"rule_id"}):
            try:
                found.append(reverse(name, kwargs={key: values[key] for key in keys}))
                break
            except NoReverseMatch:
                continue
    return [address for address in dict.fromkeys(found) if not address.startswith("/api/v1")]


def violations(page: Any, rules: list[str] | None = None) -> list[str]:
    return list(page.evaluate(RUN, rules))


def keep_picture(page: Any, address: str, theme: str) -> None:
    name = re.sub(r"[^A-Za-z0-9]+", "-", address).strip("-") or "home"
    page.screenshot(path=PICTURES / f"{name}-{theme}.png")


class EveryPageTests:
    def test_has_nothing_that_axe_finds_in_either_theme(self, browser, portal, alice, analysed):
        browser.expected = ("404", "400", "403")
        address = portal()
        page = browser.open(user=alice, address=address, color_scheme="light", reduced_motion="reduce", bypass_csp=True)

        found: dict[str, list[str]] = {}
        for each in addresses(analysed):
            answer = page.goto(address + each, wait_until="domcontentloaded")
            if answer is None or "<html" not in answer.text():
                continue  # a fragment, or a file
            page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
            page.evaluate(AXE)
            complaints = violations(page)
            keep_picture(page, each, "light")
            page.evaluate(DARK)
            keep_picture(page, each, "dark")
            complaints += [f"dark {text}" for text in violations(page, ["color-contrast"])]
            if complaints:
                found[each] = complaints

        told = [f"{each} {text}" for each, texts in found.items() for text in texts]
        assert told == [], "\n".join(told)
