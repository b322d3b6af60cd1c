"""The main job in a real browser: submit, watch, come back, share."""

from __future__ import annotations

import re
import signal
import time

import pytest

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident
from tests.browser.wire import wire_to
from tests.incidents.standins import Scripted
from tests.portal import PortalProcess

FULL = """# Server
redis_version:7.2.4
redis_mode:standalone
# Memory
used_memory:1073741824
used_memory_human:1.00G
maxmemory:1073741824
maxmemory_human:1.00G
maxmemory_policy:noeviction
# Stats
total_error_replies:5000
# Errorstats
errorstat_OOM:count=5000
"""


def texts_of(page) -> str:
    """What the report says, without what depends on the moment."""
    return re.sub(r"\s+", " ", page.locator("#run .bench").inner_text())


@pytest.fixture
def start(bob):
    def start_run() -> Incident:
        incident = services.create_incident(
            intake=IncidentInput(description="Writes fail", pasted=(FULL,)), reporter=bob, language="en"
        )
        services.start_analysis(incident=incident, actor=bob)
        return incident

    return start_run


class SubmitTests:
    def test_leads_from_a_paste_to_the_verdict(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/new/")

        page.fill("#id_pasted", FULL)
        page.get_by_text("7.2.4").first.wait_for()
        page.get_by_role("button", name="Analyse").click()
        page.wait_for_url("**/INC-*/")
        page.locator("#run-verdict .verdict").wait_for()

        page.locator("#run-state .is-ok").wait_for()
        assert page.locator("#run-findings .finding").count() > 0
        page.locator("#run.is-over").wait_for()

    def test_fills_in_what_it_recognised_but_nothing_that_was_typed(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/new/")
        page.get_by_text("Separate fields").click()
        page.select_option("#id_deployment_type", "cluster")

        page.fill("#id_pasted", FULL)
        page.locator("#id_redis_version[data-prefilled]").wait_for()

        assert page.input_value("#id_redis_version") == "7.2.4"
        assert page.input_value("#id_deployment_type") == "cluster"

    def test_takes_files_and_says_at_once_when_one_is_too_large(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/new/")

        page.set_input_files("#id_files", {"name": "big.log", "mimeType": "text/plain", "buffer": b"x" * 10_000_001})
        assert "big.log is larger than 10 MB" in page.locator("[data-file-error]").inner_text()
        page.set_input_files("#id_files", {"name": "info.txt", "mimeType": "text/plain", "buffer": FULL.encode()})
        page.get_by_role("button", name="Analyse").click()
        page.wait_for_url("**/INC-*/")

        page.locator("#run-verdict .verdict").wait_for()
        assert page.locator("a[href$='/evidence/1/']", has_text="info.txt").count() == 1

    def test_keeps_everything_when_a_file_is_no_text(self, browser, portal, bob):
        browser.expected = ("422",)  # the browser notes the answer's status in its console
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/new/")
        page.fill("#id_description", "한국어 설명")
        page.fill("#id_pasted", FULL)
        page.set_input_files("#id_files", {"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG" + bytes(99)})

        page.get_by_role("button", name="Analyse").click()

        page.get_by_text("a.png: This is not a text file").wait_for()
        assert page.input_value("#id_description") == "한국어 설명"
        assert page.input_value("#id_pasted") == FULL


class StreamTests:
    def test_shows_the_same_as_a_page_loaded_afterwards(self, browser, portal, bob, start):
        address = portal(Scripted(words=5))
        analyse_is_over = "#run-state .is-ok"
        page = browser.open(user=bob, address=address)
        incident = start()
        page.goto(address + incident.get_absolute_url())
        page.locator(analyse_is_over).wait_for()
        similar = page.get_by_text("No other incident shares")  # it is asked for when the page stands
        similar.wait_for()
        streamed = texts_of(page)

        page.reload()
        similar.wait_for()

        assert texts_of(page) == streamed

    def test_goes_on_after_a_reload_in_the_middle(self, browser, portal, bob, start):
        analyse = Scripted(hold_at=5, words=4)
        address = portal(analyse)
        page = browser.open(user=bob, address=address)
        page.goto(address + start().get_absolute_url())
        page.get_by_text("word1").wait_for()

        page.reload()
        assert "word1" in page.locator("#run-words").inner_text()
        analyse.go.set()
        page.locator("#run-state .is-ok").wait_for()

        assert page.locator("#run-words").inner_text().split() == ["word0", "word1", "word2", "word3"]
        assert page.locator("#run-findings .finding").count() == 1
        assert len(analyse.calls) == 1

    def test_shows_two_viewers_the_same_run(self, browser, portal, bob, carol, start):
        analyse = Scripted(hold_at=4, words=6)
        address = portal(analyse)
        incident = start()
        pages = [browser.open(user=user, address=address) for user in (bob, carol)]
        for page in pages:
            page.goto(address + incident.get_absolute_url())
            page.get_by_text("word0").wait_for()

        analyse.go.set()
        for page in pages:
            page.locator("#run-state .is-ok").wait_for()

        assert texts_of(pages[0]) == texts_of(pages[1])
        assert len(analyse.calls) == 1

    def test_goes_on_with_a_server_that_was_killed_and_started_again(self, browser, tmp_path):
        # What Chromium and htmx print about a dead server; nothing else may be printed.
        browser.expected = ("net::ERR_", "[object Event]")
        portal = PortalProcess(args=("-m", "tests.incidents.slow_portal"), data=tmp_path)
        portal.start(SLOW_SECONDS="0.7")
        page = browser.open()
        page.goto(f"{portal.address}/login/")
        page.fill("#id_username", "admin")
        page.fill("#id_password", "admin")
        page.get_by_role("button", name="Log in").click()
        page.goto(f"{portal.address}/incidents/new/")
        page.fill("#id_description", "Writes fail")
        page.get_by_role("button", name="Analyse").click()
        page.locator("#run-findings .finding").wait_for()

        portal.end(signal.SIGKILL)
        page.get_by_text("Connection lost").wait_for()
        portal.start(SLOW_SECONDS="0")
        page.locator("#run-state .is-ok").wait_for(timeout=20_000)

        assert page.locator("#run-findings .finding").count() == 1
        assert page.get_by_text("The portal was restarted").count() == 1
        assert page.locator("#run-words").inner_text().split() == [f"word{number}" for number in range(20)]
        assert page.locator("#connection").inner_text() == ""
        portal.end(signal.SIGTERM)

    def test_goes_on_when_the_network_comes_back(self, browser, portal, bob, start):
        browser.expected = ("net::ERR_", "[object Event]")  # what Chromium and htmx print about a dead line
        analyse = Scripted(hold_at=5, words=4)
        with wire_to(portal(analyse)) as wire:
            page = browser.open(user=bob, address=wire.address)
            page.goto(wire.address + start().get_absolute_url())
            page.get_by_text("word1").wait_for()

            wire.cut()
            page.get_by_text("Connection lost").wait_for()
            analyse.go.set()  # the run ends while nobody can see it
            wire.mend()
            page.locator("#run-state .is-ok").wait_for(timeout=20_000)

            assert page.locator("#run-words").inner_text().split() == ["word0", "word1", "word2", "word3"]
            assert page.locator("#run-findings .finding").count() == 1
            assert page.locator("#connection").inner_text() == ""

    def test_does_not_move_what_is_being_read(self, browser, portal, bob, start):
        analyse = Scripted(hold_at=3, words=40)
        address = portal(analyse)
        page = browser.open(user=bob, address=address)
        page.goto(address + start().get_absolute_url())
        page.locator("#run-verdict .verdict").wait_for()
        page.evaluate("""window.shift = 0; new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({type: "layout-shift"})""")

        analyse.go.set()
        page.locator("#run-state .is-ok").wait_for()

        assert page.evaluate("window.shift") < 0.05

    def test_can_be_cancelled(self, browser, portal, bob, start):
        analyse = Scripted(hold_at=3)
        address = portal(analyse)
        page = browser.open(user=bob, address=address)
        page.goto(address + start().get_absolute_url())
        page.locator("#run-verdict .verdict").wait_for()

        page.get_by_role("button", name="Cancel").click()

        page.get_by_text("Cancelled").first.wait_for()
        analyse.go.set()


class WithoutJavaScriptTests:
    def test_submits_and_shows_the_stored_result(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address, java_script_enabled=False)
        page.goto(f"{address}/incidents/new/")
        page.fill("#id_pasted", FULL)
        page.get_by_role("button", name="Analyse").click()
        page.wait_for_url("**/INC-*/")

        deadline = time.monotonic() + 10
        while page.locator("#run-verdict .verdict").count() == 0:
            assert time.monotonic() < deadline
            page.wait_for_timeout(500)  # the page renews itself

        assert page.locator("[data-copy]:visible").count() == 0


class EvidenceTests:
    def test_leads_from_a_quote_to_its_marked_line(self, browser, portal, bob, start):
        address = portal(Scripted())
        page = browser.open(user=bob, address=address)
        page.goto(address + start().get_absolute_url())
        page.locator("#run-findings .quote a").first.wait_for()

        page.locator("#run-findings .quote a").first.click()

        assert page.locator(".log .is-marked").count() in (0, 1)
        assert "/incidents/INC-" in page.url

    def test_scrolls_through_a_long_log_with_few_lines_on_the_page(self, browser, portal, bob):
        text = "\n".join(f"2417:M 02 Mar 2026 04:00:00.100 * line {number}" for number in range(1, 30_001))
        incident = services.create_incident(intake=IncidentInput(pasted=(text,)), reporter=bob, language="en")
        address = portal()
        page = browser.open(user=bob, address=address, permissions=["clipboard-read", "clipboard-write"])
        page.goto(f"{address}{incident.evidence.get().get_absolute_url()}#L20000-L20002")
        page.locator("#L20001.is-marked").wait_for()

        page.get_by_role("button", name="Copy the lines").click()
        page.get_by_text("Copied").wait_for()
        page.locator(".log-view").press("End")
        page.locator("#L30000").wait_for()

        assert page.evaluate("navigator.clipboard.readText()").split("\n")[2].endswith("line 20002")
        assert page.locator(".log li").count() <= 1_000

    def test_adds_more_and_shows_what_changed(self, browser, portal, bob, start):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(address + start().get_absolute_url())
        page.locator("#run-state .is-ok").wait_for()

        page.fill("#id_pasted", "maxclients reached: 10000")
        page.get_by_role("button", name="Add and analyse again").click()

        page.get_by_text("Compared with the run before").wait_for()

    def test_copies_a_command(self, browser, portal, bob, start):
        address = portal(Scripted())
        page = browser.open(user=bob, address=address, permissions=["clipboard-read", "clipboard-write"])
        page.goto(address + start().get_absolute_url())

        page.locator("#run-plan [data-copy]").first.click()

        page.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == "CONFIG GET maxmemory-policy"
