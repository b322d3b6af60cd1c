"""What Chromium sees of a page: first contentful paint beside a plain page's, bytes of a first visit, layout shift,
and how soon the page answers a key or a click."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import portal
from benchmarks.bench import Bench, milliseconds, percentile

ROUNDS = 5
PLAIN = "/healthz"  # a plain text of the same server
GOALS = "≤ 1.3 ×, < 150 kB, shift ≤ 0.05"
_WATCH = """
window.seen = {shift: 0, slowest: 0};
new PerformanceObserver((list) => { for (const entry of list.getEntries())
  if (!entry.hadRecentInput) window.seen.shift += entry.value; }).observe({type: "layout-shift", buffered: true});
new PerformanceObserver((list) => { for (const entry of list.getEntries())
  window.seen.slowest = Math.max(window.seen.slowest, entry.duration); })
  .observe({type: "event", durationThreshold: 16, buffered: true});
"""
_PAINT = "(performance.getEntriesByName('first-contentful-paint')[0] || {startTime: NaN}).startTime"


@dataclass
class Visits:
    """First visits of one page, each with an empty cache."""

    paints: list[float] = field(default_factory=list)
    bytes: int = 0
    shift: float = 0.0
    complaint: str = ""

    @property
    def paint(self) -> float:
        return percentile(self.paints, 0.5)


def measure(bench: Bench, address: str, session: str, pages: Sequence[tuple[str, str]], long_log: str) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        bench.console.print("Chromium is not installed here; pages were not opened.")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        cookie = {"name": "sessionid", "value": session, "url": address}
        plain, found = Visits(), {name: Visits() for name, _ in pages}
        _visit(chromium, cookie, f"{address}{PLAIN}", Visits())  # Chromium's own first start
        for number in bench.track(range(ROUNDS), "first visits"):
            _visit(chromium, cookie, f"{address}{PLAIN}", plain)
            for name, url in pages:
                if number == 0 or found[name].paints:
                    _visit(chromium, cookie, f"{address}{url}", found[name])
        _show(bench, plain, found)
        _interact(bench, chromium, cookie, f"{address}{long_log}")
        chromium.close()


def _visit(chromium: Any, cookie: dict[str, str], url: str, visits: Visits) -> None:
    context = chromium.new_context()
    context.add_cookies([cookie])
    page = context.new_page()
    page.add_init_script(_WATCH)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    received: list[float] = []
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    try:
        answer = page.goto(url, wait_until="load", timeout=15_000)
        if answer is None or answer.status != 200:
            return
        page.wait_for_timeout(150)  # late shifts
        visits.paints.append(page.evaluate(_PAINT))
        visits.shift = max(visits.shift, page.evaluate("window.seen.shift"))
        visits.bytes = max(visits.bytes, int(sum(received)))
    finally:
        context.close()


def _show(bench: Bench, plain: Visits, found: dict[str, Visits]) -> None:
    seen = {name: visits for name, visits in found.items() if visits.paints and visits.paint == visits.paint}
    rows = [
        (name, milliseconds(visits.paint), f"{visits.paint / plain.paint:.2f} ×", f"{visits.bytes / 1000:.0f} kB",
         f"{visits.shift:.3f}")
        for name, visits in sorted(seen.items(), key=lambda item: -item[1].paint)
    ]  # fmt: skip
    rows.append(("a plain text of the same server", milliseconds(plain.paint), "1", f"{plain.bytes / 1000:.1f} kB", ""))
    bench.table(("first visit in Chromium", "first paint", "beside plain", "received", "shift"), rows)
    bench.console.print(f"goals: {GOALS}")


def _interact(bench: Bench, chromium: Any, cookie: dict[str, str], url: str) -> None:
    """Walk through the long log as people do: scroll, step from finding to finding, mark lines, look for words."""
    context = chromium.new_context()
    context.add_cookies([cookie])
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(url, wait_until="load")
    page.wait_for_timeout(500)
    rows: list[tuple[str, str]] = []
    for name, act in _WALK:
        page.evaluate("window.seen.slowest = 0")
        act(page)
        page.wait_for_timeout(400)
        slowest = page.evaluate("window.seen.slowest")
        rows.append((name, milliseconds(slowest) if slowest else "under 16 ms"))
    rows.append(("lines in the page at the end", str(page.locator(".log li").count())))
    bench.table((f"a log of {portal.LOG_LINES:,} lines", "slowest answer"), rows)
    bench.console.print("goal: < 100 ms until the next paint")
    context.close()


def _scroll(page: Any) -> None:
    page.locator(".log-view").focus()
    for key in ("PageDown", "PageDown", "PageDown", "End", "PageUp", "Home"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)


def _step(page: Any) -> None:
    for key in ("]", "]", "["):
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def _mark(page: Any) -> None:
    page.locator(".log-number").nth(3).click()
    page.locator(".log-number").nth(8).click(modifiers=["Shift"])


def _look(page: Any) -> None:
    page.locator("#id_log_q").click()
    page.keyboard.type("replica", delay=40)
    page.wait_for_timeout(1500)


def _jump(page: Any) -> None:
    page.locator(".log-go input").fill("77777")
    page.keyboard.press("Enter")
    page.wait_for_timeout(600)


_WALK: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("scroll by keys, to the end and back", _scroll),
    ("step through the findings", _step),
    ("mark lines", _mark),
    ("go to a line", _jump),
    ("type words to look for", _look),
)
