"""Finding things by keyboard in Chromium: the palette, keys, the list, the search box."""

from __future__ import annotations

import re

import pytest

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident

COMPOSING = """(code) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
    {key: "Process", code, keyCode: 229, isComposing: true, bubbles: true, cancelable: true}))"""
HANGUL_LAYOUT = """() => document.body.dispatchEvent(new KeyboardEvent("keydown",
    {key: "ㅓ", code: "KeyJ", bubbles: true, cancelable: true}))"""


@pytest.fixture
def incidents(transactional_db, bob) -> list[Incident]:
    titles = ("Replica lags behind", "결제 세션을 저장하지 못합니다", "Writes fail with OOM")
    return [
        services.create_incident(intake=IncidentInput(description=title), reporter=bob, language="en")
        for title in titles
    ]


def focused(page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


class PaletteTests:
    def test_finds_runs_and_gives_the_focus_back(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")
        page.get_by_role("link", name="Writes fail with OOM").focus()

        page.keyboard.press("Control+k")
        page.get_by_role("option", name="Go to the rules").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('dialog, body').matches('dialog, body')")
        page.keyboard.press("Escape")
        assert focused(page) == "Writes fail with OOM"

        page.keyboard.press("Control+k")
        page.keyboard.type("세션")
        page.get_by_role("option", name="결제 세션을 저장하지 못합니다").wait_for()
        assert page.locator("#palette-q").get_attribute("aria-activedescendant")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{incidents[1].get_absolute_url()}")

    def test_acts_on_the_incident_on_the_screen(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(address + incidents[0].get_absolute_url())

        page.keyboard.press("Control+k")
        page.get_by_role("option", name="Take it").wait_for()
        assert page.locator("#palette-list [role=option]").first.inner_text() == "Take it"
        page.keyboard.type("mitig")
        page.get_by_role("option", name="Set status: Mitigated").wait_for()
        page.keyboard.press("Enter")
        page.locator(".badge", has_text="Mitigated").first.wait_for()

        incidents[0].refresh_from_db()
        assert incidents[0].status == "mitigated"

    def test_switches_the_language(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.keyboard.press("Control+k")
        page.keyboard.type("한국어")
        page.get_by_role("option", name="한국어").wait_for()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="장애", exact=True).wait_for()

    def test_leaves_a_syllable_that_is_being_composed_alone(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")
        page.keyboard.press("Control+k")
        page.get_by_role("option", name="Go to the rules").wait_for()

        page.evaluate(COMPOSING, "Enter")

        assert page.url.endswith("/incidents/")
        assert page.locator("#palette").evaluate("dialog => dialog.open")


class KeyTests:
    def test_lead_through_the_list(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.keyboard.press("j")
        assert focused(page) == "Writes fail with OOM"
        page.evaluate(HANGUL_LAYOUT)
        assert focused(page) == "결제 세션을 저장하지 못합니다"
        page.keyboard.press("x")
        page.keyboard.press("k")
        page.keyboard.press("x")
        page.get_by_text("2 picked").wait_for()

        page.locator("#id_action").select_option("assign:me")
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Change them").click()
        page.get_by_text("2 incidents are now with bob.").wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("2 incidents are as before.").wait_for()

        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{incidents[2].get_absolute_url()}")

    def test_open_their_overview_and_go_places(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys").get_by_text("Next incident").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("r")
        page.wait_for_url("**/rules/")

    def test_type_into_fields_instead_of_acting(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.keyboard.press("f")
        page.keyboard.type("gr?nx")

        page.wait_for_url(re.compile("q=gr%3Fnx"))
        assert page.locator("#id_q").input_value() == "gr?nx"


class SearchBoxTests:
    def test_suggests_while_typing_and_opens_by_keyboard(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.keyboard.press("/")
        page.keyboard.type("repli")
        page.locator("#finder-list [role=option]", has_text="Replica lags behind").wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{incidents[0].get_absolute_url()}")

    def test_works_without_javascript(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address, java_script_enabled=False)
        page.goto(f"{address}/incidents/")

        page.locator("#finder-q").fill("세션")
        page.locator("#finder-q").press("Enter")

        page.wait_for_url(re.compile("/search/"))
        assert "결제 세션을" in page.locator("#results").inner_text()

    def test_filters_the_list_as_one_types_and_keeps_the_address_short(self, browser, portal, bob, incidents):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.locator("#id_q").fill("OOM")
        page.wait_for_url("**/incidents/?q=OOM")
        page.get_by_role("link", name="Replica lags behind").wait_for(state="detached")
        assert page.get_by_role("link", name="Writes fail with OOM").count() == 1
