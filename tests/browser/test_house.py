"""What holds on every page: language, theme, width, keyboard, roles."""

from __future__ import annotations

import pytest

from incidents import services
from incidents.diagnostics.intake import IncidentInput
from incidents.runs.execution import execute_run
from tests.incidents.standins import Scripted


@pytest.fixture
def pages(bob) -> list[str]:
    incident = services.create_incident(
        intake=IncidentInput(description="쓰기 요청이 실패합니다", pasted=("used_memory:1000\n" + "x" * 900,)),
        reporter=bob,
        language="en",
    )
    run = services.start_analysis(incident=incident, actor=bob)
    list(execute_run(run=run, worker="w", analyse=Scripted()))
    page = incident.get_absolute_url()
    return ["/incidents/", "/incidents/new/", page, f"{page}evidence/1/", "/account/token/", "/api/docs/", "/nowhere/"]


class LanguageTests:
    def test_follows_the_browser_and_then_the_choice(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address, locale="ko-KR")
        page.goto(f"{address}/incidents/")
        assert page.locator("html").get_attribute("lang") == "ko"

        page.locator(".topbar details.menu summary").click()
        page.get_by_role("button", name="English").click()

        assert page.locator("html").get_attribute("lang") == "en"
        assert page.url == f"{address}/incidents/"


class ThemeTests:
    def test_follows_the_system_and_then_the_choice(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address, color_scheme="dark")
        page.goto(f"{address}/incidents/")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)

        page.locator(".topbar details.menu summary").click()
        page.get_by_role("button", name="Light").click()

        assert page.evaluate(ground) != dark


class EveryPageTests:
    @pytest.mark.parametrize(("width", "locale"), [(360, "ko-KR"), (768, "en-US"), (1440, "ko-KR"), (2560, "en-US")])
    def test_fits_without_scrolling_sideways(self, browser, portal, bob, pages, width, locale):
        browser.expected = ("404",)
        address = portal()
        page = browser.open(user=bob, address=address, locale=locale, viewport={"width": width, "height": 900})

        too_wide = []
        for each in pages:
            page.goto(address + each)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                too_wide.append(each)

        assert too_wide == []

    def test_has_one_heading_and_a_name_for_every_control(self, browser, portal, bob, pages):
        browser.expected = ("404",)
        address = portal()
        page = browser.open(user=bob, address=address)

        wrong = []
        for each in pages:
            page.goto(address + each)
            headings = page.locator("h1").count()
            unnamed = page.evaluate("""
                [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button")]
                .filter((e) => !e.labels?.length && !e.getAttribute("aria-label") && !e.textContent.trim())
                .map((e) => e.outerHTML.slice(0, 80))""")
            if headings != 1 or unnamed:
                wrong.append((each, headings, unnamed))

        assert wrong == []


class KeyboardTests:
    def test_skips_to_the_content_and_reaches_search_and_new(self, browser, portal, bob):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip-link"
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "finder-q"
        page.locator("h1").click()
        page.keyboard.press("n")

        page.wait_for_url("**/incidents/new/")

    def test_filters_while_typing_and_keeps_the_address(self, browser, portal, bob, pages):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")

        page.fill("#id_q", "nothing like it")
        page.get_by_text("No incident matches").wait_for()

        assert "q=nothing" in page.url


class HistoryTests:
    def test_goes_back_to_the_list_as_it_was_filtered(self, browser, portal, bob, pages):
        address = portal()
        page = browser.open(user=bob, address=address)
        page.goto(f"{address}/incidents/")
        page.fill("#id_q", "nothing like it")
        page.get_by_text("No incident matches").wait_for()
        page.fill("#id_q", "실패")
        page.locator("#incidents .incident-cell a").wait_for()

        page.go_back()

        page.get_by_text("No incident matches").wait_for()
        assert page.locator("header.topbar").count() == 1


class RoleTests:
    def test_tells_a_stranger_why_the_page_is_closed(self, browser, portal, mallory):
        browser.expected = ("403",)
        address = portal()
        page = browser.open(user=mallory, address=address)

        page.goto(f"{address}/incidents/")

        assert page.get_by_text("not open to you").count() == 1
        assert page.get_by_role("link", name="New incident").count() == 0
