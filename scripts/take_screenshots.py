"""Make the README's pictures from the running product: `python scripts/take_screenshots.py [FOLDER]`.

Serves the portal from a temporary directory, reports real captures through the form, and photographs the pages.
Needs playwright and Chromium (`CHROMIUM=/usr/bin/chromium`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
REPORTED = ("SC-002", "SC-005", "SC-008", "SC-003", "SC-006", "SC-001")  # the last one is photographed


@contextmanager
def portal() -> Iterator[tuple[str, str]]:
    """A portal of its own: its address and the administrator's password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT, env={**os.environ, "DATA_DIR": data}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        password = ""
        try:
            for line in process.stdout or ():
                password = found[1] if (found := re.search(r"Password:\s+(\S+)", line)) else password
                if "is ready" in line:
                    break
            yield f"http://127.0.0.1:{port}", password
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)


def report(page: Page, address: str, case: Path, language: str) -> None:
    """Report a capture through the form and wait for its verdict."""
    data = json.loads(case.read_text(encoding="utf-8"))
    page.goto(f"{address}/incidents/new/")
    page.fill("[name=description]", data["description"] or case.stem[7:].replace("-", " "))
    page.fill("[name=pasted]", "\n".join(data["error_logs"]) + "\n\n" + data["redis_info"])
    page.locator(f"input[name=language][value={language}]").check(force=True)
    page.wait_for_timeout(900)
    page.locator("form:has([name=pasted]) button:not([type=button])").last.click()
    page.wait_for_url("**/incidents/INC-*/")
    page.locator("#run-state .is-ok").wait_for()
    page.wait_for_timeout(500)


def session(browser: Browser, address: str, password: str, *, width: int = 1360, **options: str) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()
    return page


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    cases = {case.name[:6]: case for case in (ROOT / "fixtures" / "scenarios").glob("*.json")}
    with portal() as (address, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = session(browser, address, password, locale="en-US")
        for number, name in enumerate(REPORTED):
            report(page, address, cases[name], "ko" if number % 2 else "en")
        report(page, address, cases["SC-005"], "en")
        page.screenshot(path=folder / "incident.png")
        page.goto(f"{address}/incidents/")
        page.screenshot(path=folder / "incidents.png")
        page.goto(f"{address}/incidents/new/")
        page.fill("[name=pasted]", json.loads(cases["SC-001"].read_text(encoding="utf-8"))["redis_info"])
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / "new.png")
        page.goto(f"{address}/knowledge/?q=write+fails+with+OOM")
        page.screenshot(path=folder / "knowledge.png")
        report(page, address, cases["SC-006"], "en")
        page.locator("#run-findings .quote a[href*='find']").first.click()
        page.locator(".log .is-marked").wait_for()
        page.wait_for_timeout(800)
        page.screenshot(path=folder / "log.png")
        wide = session(browser, address, password, width=2000, locale="en-US")
        report(wide, address, cases["SC-004"], "en")
        wide.screenshot(path=folder / "incident-wide.png")
        phone = session(browser, address, password, width=390, locale="ko-KR")
        report(phone, address, cases["SC-002"], "ko")
        phone.screenshot(path=folder / "phone-ko.png")
        korean = session(browser, address, password, locale="ko-KR", color_scheme="dark")
        report(korean, address, cases["SC-001"], "ko")
        korean.screenshot(path=folder / "incident-ko-dark.png")
        browser.close()


if __name__ == "__main__":
    main()
