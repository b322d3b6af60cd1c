"""Chromium, pages that fail their test on any console error, and a portal to look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import require

# Playwright's synchronous interface keeps an event loop in the thread of the tests, which Django would take for misuse.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = require("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """Pages whose every complaint is collected: console errors, exceptions, failed requests, policy violations."""

    def __init__(self, browser: Any) -> None:
        self.browser, self.contexts, self.complaints = browser, [], []
        self.expected: tuple[str, ...] = ()

    def open(self, *, user: Any = None, address: str = "", locale: str = "en-US", **options: Any) -> Any:
        """A page of a new browser profile, logged in as somebody."""
        context = self.browser.new_context(locale=locale, **options)
        self.contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": address}])
        return self.watch(context.new_page())

    def watch(self, page: Any) -> Any:
        page.set_default_timeout(8_000)
        page.add_init_script(WATCH)
        page.on("console", lambda message: message.type in ("error", "warning") and self.complain(message.text))
        page.on("pageerror", lambda error: self.complain(f"exception: {error}"))
        page.on("requestfailed", lambda request: self._failed(request))
        return page

    def _failed(self, request: Any) -> None:
        # A reload or the end of a test cuts streams and previews off; that is no fault.
        if request.failure != "net::ERR_ABORTED":
            self.complain(f"failed: {request.url} {request.failure}")

    def complain(self, text: str) -> None:
        self.complaints.append(text)

    def leave(self) -> None:
        """Close every page, as readers do before their portal goes away."""
        for context in self.contexts:
            for page in context.pages:
                violations = page.evaluate("window.violations || []") if page.url.startswith("http") else []
                self.complaints += [f"policy: {violation}" for violation in violations]
            context.close()
        self.contexts = []

    def close(self) -> list[str]:
        self.leave()
        return [text for text in self.complaints if not any(part in text for part in self.expected)]


def session_of(user: Any) -> str:
    from django.test import Client

    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)


@pytest.fixture
def browser(chromium: Any) -> Iterator[Watched]:
    watched = Watched(chromium)
    yield watched
    assert watched.close() == []


@pytest.fixture
def portal(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Start a portal over the test database, with the real analysis or a scripted one. Returns its address."""
    from contextlib import ExitStack

    from tests.portal import serving

    with ExitStack() as stack:
        yield lambda analyse=None: stack.enter_context(serving(analyse=analyse))
        if "browser" in request.fixturenames:
            request.getfixturevalue("browser").leave()
