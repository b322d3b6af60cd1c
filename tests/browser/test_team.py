"""Two people at one incident, each in a browser of their own: what one does, the other sees without a reload."""

from __future__ import annotations

import re

import pytest

from incidents import services
from incidents.collaboration import services as team
from incidents.diagnostics.intake import IncidentInput
from incidents.runs.execution import execute_run
from tests.incidents.standins import Scripted
from tests.portal import wait_for


@pytest.fixture
def incident(bob, transactional_db):
    incident = services.create_incident(
        intake=IncidentInput(description="Writes fail"), reporter=bob, language="en", title="Checkout is slow"
    )
    run = services.start_analysis(incident=incident, actor=bob)
    list(execute_run(run=run, worker="w", analyse=Scripted(words=0)))
    return incident


class TwoViewersTests:
    def test_see_what_the_other_does(self, browser, portal, bob, carol, incident):
        address = portal(Scripted(words=0))
        bobs, carols = (browser.open(user=user, address=address) for user in (bob, carol))
        for page in (bobs, carols):
            page.goto(address + incident.get_absolute_url())
        bobs.locator(".presence [title=carol]").wait_for()
        loads = carols.evaluate("performance.timeOrigin")

        bobs.fill("#comment-text", "@carol님 **failover** 준비됐나요?")
        bobs.keyboard.press("Control+Enter")
        carols.locator("#timeline .comment strong", has_text="failover").wait_for()
        assert carols.locator("#timeline .mention").inner_text() == "@carol"
        assert carols.locator("#timeline .comment-edit").count() == 0
        assert bobs.input_value("#comment-text") == ""

        bobs.locator("#timeline .comment-edit").click()
        bobs.locator("#timeline .comment textarea[name=text]").fill("@carol done")
        bobs.locator("#timeline .comment").get_by_role("button", name="Save").click()
        carols.locator("#timeline .comment", has_text="done").locator("text=edited").wait_for()

        carols.locator(".tick-button").first.click()
        bobs.locator(".step-tick .is-done").wait_for()
        assert "carol" in bobs.locator(".tick-words").first.inner_text()
        bobs.locator(".entry", has_text="carol did: Look at the policy").wait_for()

        services.change_status(incident=incident, actor=carol, status="mitigated")
        services.edit_details(incident=incident, actor=carol, title="Checkout is slow: OOM")
        services.assign(incident=incident, assignee=carol, actor=bob)
        for page in (bobs, carols):
            page.locator(".incident-title .badge", has_text="Mitigated").wait_for()
            page.locator("h1", has_text="OOM").wait_for()
            page.locator("[sse-swap=assignee]", has_text="with carol").wait_for()

        services.start_analysis(incident=incident, actor=carol)
        bobs.locator("#run-started", has_text="carol started a new analysis.").wait_for()
        bobs.locator(".entry", has_text=re.compile("The analysis ended: Critical")).first.wait_for()
        assert carols.evaluate("performance.timeOrigin") == loads  # the page was never loaded again

    def test_do_not_lose_what_they_type_nor_their_place(self, browser, portal, bob, carol, incident):
        address = portal()
        for number in range(30):
            services.edit_details(incident=incident, actor=carol, title=f"title {number}")
        page = browser.open(user=bob, address=address)
        page.goto(address + incident.get_absolute_url())
        page.fill("#comment-text", "half a sent")
        before = page.locator("#comment-text").bounding_box()

        for number in range(3):
            team.add_comment(incident=incident, author=carol, text=f"news {number}")
        page.get_by_text("news 2").wait_for()

        assert page.input_value("#comment-text") == "half a sent"
        assert page.evaluate("document.activeElement.id") == "comment-text"
        assert page.locator("#comment-text").bounding_box() == before

    def test_hold_one_connection_each_and_let_it_go_when_nobody_looks(self, browser, portal, bob, incident):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.add_init_script("""
            window.opened = [];
            const Real = window.EventSource;
            window.EventSource = class extends Real { constructor(url) { super(url); window.opened.push(this); } };
            let hidden = false;
            Object.defineProperty(document, "hidden", { get: () => hidden });
            window.hide = (value) => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };
            const later = window.setTimeout;
            window.setTimeout = (work, ms, ...rest) => later(work, ms === 15000 ? 50 : ms, ...rest);
        """)
        page.goto(address + incident.get_absolute_url())
        wait_for(lambda: page.evaluate("window.opened.length === 1 && window.opened[0].readyState === 1"))

        page.evaluate("window.hide(true)")
        wait_for(lambda: page.evaluate("window.opened[0].readyState === 2"))
        team.add_comment(incident=incident, author=bob, text="while nobody looked")
        page.evaluate("window.hide(false)")

        page.get_by_text("while nobody looked").wait_for()
        assert page.evaluate("window.opened.length") == 2
