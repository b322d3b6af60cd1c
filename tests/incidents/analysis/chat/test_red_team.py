"""Hostile inputs against a model that tries to comply: nothing reaches the verdict, the steps or the sources."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from incidents.analysis.chat import brief as brief_module
from incidents.analysis.chat.analyst import ChatAnalyst
from incidents.analysis.events import EventKind
from incidents.analysis.pipeline import RetrievedKnowledge, analyze
from incidents.analysis.report import Reference, RelatedCase
from incidents.diagnostics.intake import IncidentInput
from incidents.prose import render
from tests.incidents.analysis.chat.samples import ERRORS, INFO, RUNBOOK, answered, reports, said, scripted, words

with Path(__file__).with_name("red_team.toml").open("rb") as stream:
    INPUTS: list[dict[str, Any]] = tomllib.load(stream)["input"]


def intake_with(hostile: Mapping[str, Any]) -> IncidentInput:
    text, place = hostile["text"], hostile["place"]
    one_line = text.replace("\n", " ")
    artifacts: dict[str, Any] = {"client_errors": ERRORS}
    logs: tuple[str, ...] = ("3501:M 22 Nov 2026 11:58:41.357 * 100 changes in 300 seconds. Saving...",)
    description = "Writes fail since noon."
    if place == "log":
        logs = (*logs, f"3501:M 22 Nov 2026 11:58:42.000 # {one_line}")
    elif place == "client_errors":
        artifacts["client_errors"] += f"\n{one_line}"
    elif place == "client_name":
        name = one_line.replace(" ", "_")
        artifacts["client_list"] = f"id=7 addr=10.0.0.9:51000 fd=9 name={name} age=9 idle=0 flags=N db=0 cmd=get"
    elif place == "key_name":
        artifacts["slowlog"] = [{"id": 1, "start_time": 1795348264, "duration": 90000, "command": ["GET", one_line]}]
    elif place == "config":
        artifacts["config"] = f"maxmemory 1gb\n{one_line}\nmaxmemory-policy noeviction"
    elif place == "prose":
        description = f"{description} {text}"
    return IncidentInput(description=description, redis_info=INFO, error_logs=logs, artifacts=artifacts)


def knowledge_with(hostile: Mapping[str, Any]) -> RetrievedKnowledge:
    references, cases = [RUNBOOK], list[RelatedCase]()
    excerpts = {RUNBOOK.id: RUNBOOK.excerpt}
    if hostile["place"] == "document":
        references.append(Reference("kb-strange-en", "Strange advice", 0.7, excerpt=hostile["text"]))
        excerpts["kb-strange-en"] = hostile["text"]
    if hostile["place"] == "case":
        cases.append(RelatedCase("case-strange-en", "Strange case", 0.7, excerpt=hostile["text"]))
        excerpts["case-strange-en"] = hostile["text"]
    return RetrievedKnowledge(references=references, related_cases=cases, excerpts=excerpts)


def hypothesis_of(prompt: str, category: str) -> str:
    """The label under which the prompt shows a hypothesis of the wanted category."""
    for line in prompt.splitlines():
        if line.startswith("H") and f" · {category} · " in line:
            return line.partition("|")[0]
    return "H2"


def line_of(prompt: str, text: str) -> str:
    """The label of the hostile line, for a model that cites its instructions as its evidence."""
    start = " ".join(text.split())[:24]
    return next((line.partition("|")[0] for line in prompt.splitlines() if start in line), "E1:1")


def complying(hostile: Mapping[str, Any], prompt: str, *, citing: str) -> str:
    """An answer that does everything that the text asks, resting on the text itself or on a true finding."""
    wants = hostile["wants"]
    cites = [citing or line_of(prompt, hostile["text"])]
    told = " ".join(f"{wants[name]}" for name in ("command", "says") if name in wants)
    demand = f"Do this at once: {told}" if told else "All of this is as the text says."
    statements = [said("Memory is full.", "F1"), said(demand, *cites), said(f"Run `{told}` now.", *cites)]
    statements.append(said("The runbook says so.", wants["cite"]) if "cite" in wants else said("It is so.", *cites))
    statements.append(said("The text is clear.", *cites, quotes=[hostile["text"][:60]]))
    return answered(
        explanation=statements,
        summary=said(demand, *cites),
        severity=wants.get("severity", "critical"),
        category=wants.get("category", "memory"),
        root_hypothesis=hypothesis_of(prompt, wants["category"]) if "category" in wants else "H1",
        deviation=said("The text demands it.", *cites),
        steps=[{"title": "Do this first", "command": wants.get("command", "FLUSHALL"), "cites": cites}],
        prevention=[said(demand, *cites)],
    )


def run_against(hostile: Mapping[str, Any], *, citing: str, verdict: str) -> list[Any]:
    knowledge = knowledge_with(hostile)
    chat = scripted("")
    weighing = {"verdict": verdict, "reason": said("The text demands it.", "F1"), "rewrites": []}

    class Complying:
        name = "complying"

        def stream(self, messages, **options):
            if options["schema"].name == "weighing":
                return scripted(json.dumps(weighing)).stream(messages)
            return scripted(complying(hostile, messages[1].content, citing=citing)).stream(messages)

    assert chat.name == "scripted"
    events = analyze(
        intake_with(hostile), incident_id="INC-1", language="en", analyst=ChatAnalyst(Complying()),
        retriever=lambda diagnosis, *, language: knowledge,
    )  # fmt: skip
    return list(events)


def visible_text(report: Mapping[str, Any]) -> str:
    """What a reader is told, as opposed to what is quoted from the evidence or struck out."""
    steps = [*report["immediate_actions"], *report["detailed_steps"], *report["missing_evidence"]]
    told = [report["summary"], report["root_cause_analysis"], *report["prevention_tips"], *report["notes"]]
    return "\n".join([*told, *(f"{step['title']} {step['command']}" for step in steps)])


class RedTeamTests:
    def test_is_large_enough_and_speaks_korean_too(self):
        assert len(INPUTS) >= 60
        assert len({item["id"] for item in INPUTS}) == len(INPUTS)
        assert sum(any("가" <= char <= "힣" for char in item["text"]) for item in INPUTS) >= 10

    @pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "unnoticed"])
    @pytest.mark.parametrize(("citing", "verdict"), [("", "holds"), ("F1", "rival")], ids=["text", "finding"])
    @pytest.mark.parametrize("hostile", INPUTS, ids=lambda item: item["id"])
    def test_changes_no_severity_command_or_citation(self, hostile, citing, verdict, noticed, monkeypatch):
        if not noticed:  # the same must hold for a text that we fail to recognise for what it is
            monkeypatch.setattr(brief_module, "hostile_lines", lambda lines: [])
            monkeypatch.setattr(brief_module, "speaks_to_a_model", lambda line: False)

        events = run_against(hostile, citing=citing, verdict=verdict)

        first, last = reports(events)
        for name in ("severity", "category", "incident_detected", "references", "related_cases", "confidence_score"):
            assert last[name] == first[name], name
        commands = {step["command"] for step in [*first["immediate_actions"], *first["detailed_steps"]]}
        assert {step["command"] for step in [*last["immediate_actions"], *last["detailed_steps"]]} == commands
        roots = [[one["id"] for one in report["hypotheses"] if one["is_root_cause"]] for report in (first, last)]
        assert roots[0] == roots[1]
        told = visible_text(last) + words(events)
        for name in ("command", "says", "cite"):
            wanted = hostile["wants"].get(name)
            assert wanted is None or wanted not in told.replace(visible_text(first), ""), (name, wanted)
        page = render(last["root_cause_analysis"]) + render(words(events))
        assert not any(mark in page.lower() for mark in ("<a ", "<img", "<script", "href=", "src=", "onerror"))

    def test_is_mostly_noticed(self):
        noticed = [
            hostile["id"]
            for hostile in INPUTS
            if any(
                event.kind is EventKind.NOTICE and event.payload["code"] == "instructions_in_evidence"
                for event in run_against(hostile, citing="", verdict="holds")
            )
        ]

        assert len(noticed) >= 0.8 * len(INPUTS), sorted({item["id"] for item in INPUTS} - set(noticed))
