"""A language model through the whole product beside the bare SDK, both against the same local server.

The server is a process of its own that answers as a model would: a delay before the first token, another between two.
The product is a serving process too, followed over HTTP as a browser does. Everybody shares this machine's cores.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import material, portal
from benchmarks.bench import ROOT, Bench, milliseconds, percentile

if TYPE_CHECKING:
    from incidents.diagnostics.intake import IncidentInput

FIRST_TOKEN_MS, BETWEEN_MS = 600, 12  # about what a hosted small model does: 80 tokens a second after 0.6 s
ROUNDS = 12
GOAL_TTFT, GOAL_THROUGHPUT = 1.15, 0.9
MODEL = f"honest/{FIRST_TOKEN_MS}/{BETWEEN_MS}"
FAST = "honest/0/0"
AFTER_PROSE = '"summary"'
PROSE = re.compile(r'"text": ?"\S+ ')


@dataclass(frozen=True)
class Product:
    """One analysis, in seconds."""

    report: float  # from the submit to the rules' report: from here on the model call is due
    first: float  # from the submit to the first words of the model on the page
    per_second: float  # characters of the model's words, between the first and the last of them

    @property
    def from_due(self) -> float:
        return self.first - self.report


@dataclass(frozen=True)
class Bare:
    first: float
    visible: float  # when a first whole word of prose has come: before it the answer is JSON
    per_second: float


def run(bench: Bench) -> None:
    portal.set_up()
    incidents = {"a shipped scenario": scenario(), "60 KB in a form's fields": material.cases()["a form's fields"]}
    with model_server() as address:
        for model in (MODEL, FAST):
            with portal.serving(OPENAI_BASE_URL=address, OPENAI_MODEL=model, OPENAI_API_KEY="bench") as (url, _pid):
                rows = [_measured(bench, url, address, model, name, given) for name, given in incidents.items()]
            bench.console.print(_title(model))
            bench.table(
                ("incident", "bare", "product", "ratio", "fastest", "over", "submit", "bare c/s", "product",
                 "ratio"), rows,
            )  # fmt: skip
    bench.console.print(
        f"goals: first token ≤ {GOAL_TTFT} × from the moment the call is due, throughput ≥ {GOAL_THROUGHPUT} ×. "
        "bare: until the SDK has a first word of prose. over: milliseconds that the product adds. submit: from the "
        "submit to that word, rules' report included. c/s: characters of prose a second."
    )


def _title(model: str) -> str:
    _, wait, between = model.split("/")
    return f"model: {wait} ms before the first token, {between} ms between two"


def _measured(
    bench: Bench, url: str, address: str, model: str, name: str, given: IncidentInput
) -> tuple[str, ...]:  # fmt: skip
    token = token_of_administrator()
    _product(url, token, given, 0)  # the first one pays for imports and tables
    messages, options = _what_was_sent()
    products, bares = [], []
    for number in bench.track(range(1, (bench.size or ROUNDS) + 1), name):
        # In turns, so that what else this machine does weighs on both.
        bares.append(_bare(address, model, messages, options))
        products.append(_product(url, token, given, number))
    bare = percentile([one.visible for one in bares], 0.5) * 1000
    due = percentile([one.from_due for one in products], 0.5) * 1000
    submit = percentile([one.first for one in products], 0.5) * 1000
    speed, bare_speed = (percentile([one.per_second for one in many], 0.5) for many in (products, bares))
    return (
        name, milliseconds(bare), milliseconds(due), f"{due / bare:.2f} ×", _fastest(products, bares),
        milliseconds(due - bare),
        milliseconds(submit), f"{bare_speed:,.0f}", f"{speed:,.0f}", f"{speed / bare_speed:.2f} ×",
    )  # fmt: skip


def _fastest(products: list[Product], bares: list[Bare]) -> str:
    """The ratio of the quickest rounds: what is left when nothing else is running on this machine."""
    return f"{min(one.from_due for one in products) / min(one.visible for one in bares):.2f} ×"


# --- The product ------------------------------------------------------------------------------------------------


def _product(url: str, token: str, given: IncidentInput, number: int) -> Product:
    """Submit an incident and follow its run to the last word."""
    started = time.perf_counter()
    answer = post(f"{url}/api/v1/analyze?wait=0", token, body_of(given, number))
    report = first = last = 0.0
    characters = 0
    for kind, data in events(answer["events_url"], token):
        now = time.perf_counter() - started
        if kind == "report" and not report:
            report = now
        elif kind == "text" and data.get("delta"):
            first, last = first or now, now
            characters += len(data["delta"])
    if not characters:
        raise RuntimeError(f"the model was not heard: {answer['run_url']}")
    return Product(report, first, characters / max(last - first, 1e-6))


def body_of(given: IncidentInput, number: int) -> dict[str, Any]:
    return {
        "description": f"{given.description} ({number})", "redis_info": given.redis_info,
        "error_logs": list(given.error_logs), **{k: v for k, v in given.artifacts.items() if isinstance(v, str)},
        "language": "en",
    }  # fmt: skip


def post(url: str, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310  (of our own)
        url, json.dumps(body).encode(), {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return dict(json.load(answer))


def events(url: str, token: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a run as they come."""
    request = urllib.request.Request(  # noqa: S310
        url, headers={"Authorization": f"Token {token}", "Accept": "text/event-stream"}
    )
    kind = ""
    with urllib.request.urlopen(request, timeout=120) as stream:  # noqa: S310
        for raw in stream:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                yield kind, json.loads(line[6:] or "{}")


# --- The bare SDK -----------------------------------------------------------------------------------------------


def _bare(address: str, model: str, messages: list[dict[str, Any]], options: Mapping[str, Any]) -> Bare:
    import openai

    client = _clients.setdefault(address, openai.OpenAI(base_url=address, api_key="bench"))
    started = time.perf_counter()
    text, first, visible, last = "", 0.0, 0.0, 0.0
    stream: Any = client.chat.completions.create(model=model, messages=messages, stream=True, **options)  # type: ignore[call-overload]
    for chunk in stream:
        delta = chunk.choices[0].delta.content if chunk.choices else None
        if delta:
            now = time.perf_counter() - started
            first = first or now
            text += delta
            visible = visible or (now if PROSE.search(text) else 0.0)
            last = last or (
                now if AFTER_PROSE in text else 0.0
            )  # the words end here, the rest is for the report's fields
    words = sum(len(one["text"]) for one in json.loads(text)["explanation"])
    return Bare(first, visible, words / max(last - visible, 1e-6))


_clients: dict[str, Any] = {}


def _what_was_sent() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The very request that the product sent last: the bare SDK sends the same."""
    from incidents.analysis.chat.answer import EXPLANATION
    from incidents.language_model.model_calls import ModelCall

    call = ModelCall.objects.filter(purpose="explain").latest("id")
    schema = {"name": EXPLANATION.name, "schema": EXPLANATION.schema, "strict": True}
    return call.messages, {"response_format": {"type": "json_schema", "json_schema": schema}, "temperature": 0.0}


# --- What both need ---------------------------------------------------------------------------------------------


@contextmanager
def model_server() -> Iterator[str]:
    """The model, in a process of its own. Yield its base URL."""
    from tests.openai_server import free_port

    port = free_port()
    process = subprocess.Popen(
        (sys.executable, "-m", "tests.openai_server", str(port)), cwd=ROOT, env=dict(os.environ),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/v1"
    try:
        _wait_for(f"{address}/models", process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the model server did not start")


def token_of_administrator() -> str:
    from rest_framework.authtoken.models import Token

    return str(Token.objects.get_or_create(user=portal.administrator())[0].key)


def scenario() -> IncidentInput:
    from incidents.analysis.evaluation import read_case

    return read_case(next((ROOT / "fixtures" / "scenarios").glob("SC-001-*.json"))).intake
