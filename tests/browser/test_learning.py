"""From one incident to the next, as people do it: close, review, publish, and be reminded."""

from __future__ import annotations

from incidents import services
from incidents.closing.models import IncidentCase
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident
from tests.browser.test_workbench import FULL

PATIENCE = 60_000  # ms: two analyses and several pages, maybe beside other work


def report(page, address: str, words: str) -> Incident:
    page.goto(f"{address}/incidents/new/")
    page.fill("#id_description", words)
    page.fill("#id_pasted", FULL)
    page.get_by_role("button", name="Analyse").click()
    page.wait_for_url("**/INC-*/")
    page.locator("#run.is-over").wait_for()
    return Incident.objects.latest("pk")


class LearningTests:
    def test_the_next_incident_is_told_what_fixed_the_last_one(self, browser, portal, bob, carol):
        address = portal()
        operator = browser.open(user=bob, address=address)
        operator.set_default_timeout(PATIENCE)
        first = report(operator, address, "Checkout writes fail with OOM command not allowed")

        operator.get_by_role("link", name="Close", exact=True).click()
        operator.get_by_label("What fixed it?").fill("Raised maxmemory to 2 GB")
        operator.get_by_label("How do you know that it is fixed?").fill("SET answers OK")
        operator.get_by_role("radio", name="Yes").check()
        assert not operator.get_by_label("In your words").is_visible()
        operator.locator("aside").get_by_role("button", name="Close the incident").click()
        operator.get_by_text("The incident is closed.").wait_for()
        operator.locator("#feedback-parts").get_by_role("button", name="Helped").first.click()
        operator.locator("#feedback-parts").get_by_role("button", name="Take back").wait_for()

        case = IncidentCase.objects.get(incident=first).document
        assert case.status == "draft"
        curator = browser.open(user=carol, address=address)
        curator.set_default_timeout(PATIENCE)
        curator.goto(f"{address}/admin/knowledge_base/knowledgedocument/?q={case.pk}")
        curator.locator("input.action-select").check()
        curator.select_option("select[name=action]", "publish")
        curator.get_by_role("button", name="Go").click()
        curator.locator(".messagelist").wait_for()
        case.refresh_from_db()
        assert case.status == "published"

        report(operator, address, "Session writes are refused, OOM again")
        operator.locator("#run-related").get_by_role("link", name=first.public_id).click()
        operator.wait_for_url(f"**{first.get_absolute_url()}")
        assert operator.locator("#closing").get_by_text("Raised maxmemory to 2 GB").is_visible()


class PostMortemTests:
    def test_is_begun_filled_in_and_edited(self, browser, portal, bob):
        address = portal()
        incident = services.create_incident(
            intake=IncidentInput(description="Writes fail"), reporter=bob, language="en"
        )
        page = browser.open(user=bob, address=address)
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}{incident.get_absolute_url()}post-mortem/en/")

        page.get_by_role("button", name="Begin it, filled in").click()
        page.locator("#id_body").fill("# Short\n\n![Timeline](figure:timeline)\n")
        page.get_by_role("button", name="Save").click()

        page.get_by_role("heading", name="Short").wait_for()
        assert page.locator("article svg.figure, article em").count() == 1
