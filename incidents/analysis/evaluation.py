"""Read evaluation cases, score results against what they expect, and sum the scores up."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from incidents.diagnostics.commands import TOPOLOGIES, Target, check, parse_version
from incidents.diagnostics.intake import IncidentInput, UploadedText

BINS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One evaluation case: what an operator would hand in, and what must come out."""

    slug: str
    intake: IncidentInput
    expected: Mapping[str, Any]
    knowledge_dir: Path | None = None


def read_cases(folder: Path) -> list[Case]:
    """Every `*.json` and every `<slug>/case.json` of a folder, by name."""
    files = [*folder.glob("*.json"), *folder.glob("*/case.json")]
    return [read_case(file) for file in sorted(files)]


def read_case(file: Path) -> Case:
    data = json.loads(file.read_text(encoding="utf-8"))
    folder = file.parent
    knowledge = data.get("knowledge_dir")
    return Case(
        slug=data.get("slug") or (folder.name if file.name == "case.json" else file.stem),
        intake=read_input(data, files=[_upload(folder / name) for name in data.get("files") or ()]),
        expected=data.get("expected") or {},
        knowledge_dir=folder / knowledge if knowledge else None,
    )


def case_of(data: Mapping[str, Any]) -> Case:
    """A case whose evidence stands in its data alone."""
    return Case(slug=str(data.get("slug", "")), intake=read_input(data), expected=data.get("expected") or {})


def read_input(data: Mapping[str, Any], *, files: Sequence[UploadedText] = ()) -> IncidentInput:
    """The mission's fields of a JSON object, whatever of them is there."""
    logs = data.get("error_logs") or ()
    return IncidentInput(
        timestamp=str(data.get("timestamp") or ""),
        error_logs=tuple(logs.splitlines() if isinstance(logs, str) else (str(line) for line in logs)),
        metrics=metrics if isinstance(metrics := data.get("metrics"), Mapping) else {},
        redis_info=data["redis_info"] if isinstance(data.get("redis_info"), str) else _joined(data.get("redis_info")),
        redis_version=str(data.get("redis_version") or ""),
        deployment_type=str(data.get("deployment_type") or ""),
        description=str(data.get("description") or ""),
        artifacts=data.get("artifacts") or {},
        files=tuple(files),
    )


def _joined(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{name}:{item}" for name, item in value.items())
    return "\n".join(str(line) for line in value) if isinstance(value, list) else ""


def _upload(path: Path) -> UploadedText:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return UploadedText(path.name.removesuffix(".gz"), raw.decode("utf-8", errors="replace"))


# --- scoring one result ---


def score(expected: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Each question of the contract as true, false, or absent when the case does not ask it."""
    scores: dict[str, Any] = {}
    incident = expected.get("incident", True)
    scores["incident"] = bool(result["incident_detected"]) == incident
    scores["category"] = _matches(result["category"], expected, "category", "also_ok_categories")
    scores["severity"] = _matches(result["severity"], expected, "severity", "also_ok_severities")
    scores["cause"] = mentions(report_text(result), expected.get("must_mention") or [])
    scores["cause_in_verdict"] = mentions(verdict_text(result), expected.get("must_mention") or [])
    verdict = verdict_text(result).lower()
    scores["false_claims"] = [term for term in expected.get("must_not_claim") or [] if term.lower() in verdict]
    scores["confidence"] = result["confidence_score"]
    scores.update(_score_extras(expected, result))
    return scores


def _matches(value: str, expected: Mapping[str, Any], key: str, also: str) -> bool | None:
    wanted = expected.get(key)
    if wanted in (None, "other"):
        return None
    return value == wanted or value in (expected.get(also) or [])


def _score_extras(expected: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    if "minutes_to_limit" in expected:
        scores["forecast"] = _forecast_is_right(expected, result)
    if "causes" in expected:
        text = report_text(result)
        scores["all_causes"] = all(mentions(text, item.get("must_mention") or []) for item in expected["causes"])
    if "must_cite" in expected:
        cited = {
            item["id"]: item.get("status", "current") for item in [*result["references"], *result["related_cases"]]
        }
        scores["citations"] = all(name in cited for name in expected["must_cite"]) and not any(
            cited.get(name) == "current" for name in expected.get("must_not_cite_as_current") or []
        )
    if "must_not_recommend" in expected:
        told = "\n".join(step["command"] for step in [*result["immediate_actions"], *result["detailed_steps"]]).lower()
        scores["forbidden"] = [name for name in expected["must_not_recommend"] if name.lower() in told]
    if "first_failed_node" in expected:
        scores["first_failed_node"] = str(expected["first_failed_node"]) in verdict_text(result)
    if "needle_time" in expected:
        scores["needle_time"] = expected["needle_time"] in report_text(result)
    return scores


def commands_shown(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every command that a report shows, wherever it stands in it, with the truth gate's verdict for its reader."""
    facts = result.get("facts") or {}
    product = facts.get("product") or "redis"
    deployment = facts.get("deployment") or ""
    target = Target(
        product=product,
        version=parse_version(facts.get("version") or ""),
        topology=deployment if deployment in TOPOLOGIES else "",
        managed=facts.get("managed") or None,
    )
    lines = dict.fromkeys(step[name] for step in _steps(result) for name in ("command", "undo", "verify"))
    return [_judged(line, target) for line in lines if line]


def _judged(line: str, target: Target) -> dict[str, Any]:
    verdict = check(line, target=target)
    return {
        "command": line, "ok": verdict.ok, "kind": verdict.kind, "risk": verdict.risk.value, "since": verdict.since,
        "reasons": [reason.en for reason in verdict.reasons],
    }  # fmt: skip


def _steps(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("immediate_actions", "detailed_steps", "missing_evidence"):
        yield from result.get(name) or ()
    for finding in result.get("findings") or ():
        yield from finding["actions"]
    for hypothesis in result.get("hypotheses") or ():
        yield from hypothesis["distinguish"]


def _forecast_is_right(expected: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    wanted = expected["minutes_to_limit"]
    room = wanted["tolerance"] * wanted["value"]
    return any(
        abs(item["minutes"] - wanted["value"]) <= room and item["limit"] == expected.get("limit", item["limit"])
        for item in result["forecasts"]
    )


def mentions(text: str, groups: Iterable[Sequence[str]]) -> bool:
    """Whether of every group at least one term stands in the text, in any case."""
    lowered = text.lower()
    return all(any(term.lower() in lowered for term in group) for group in groups)


def verdict_text(result: Mapping[str, Any]) -> str:
    return f"{result['summary']}\n{result['root_cause_analysis']}"


def report_text(result: Mapping[str, Any]) -> str:
    """The words of a report that tell its reader what is wrong and what to do."""
    steps = [*result["immediate_actions"], *result["detailed_steps"]]
    said = [f"{step['title']} {step['command']}" for step in steps]
    said += [f"{item['title']} {item['summary']}" for item in result["findings"] if item["state"] == "active"]
    return "\n".join([verdict_text(result), *said, *result["prevention_tips"]])


# --- summing up ---


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one evaluation. Shares are 0–1 over the cases that ask the question."""

    cases: int
    category: float
    severity: float
    cause: float
    cause_in_verdict: float
    incident: float
    false_alarms: int
    false_claims: int
    ece: float
    brier: float
    p50_ms: float
    p95_ms: float
    tokens: int = 0
    cost_usd: float = 0.0
    commands_shown: int = 0
    commands_refused: int = 0
    extras: Mapping[str, float] = field(default_factory=dict)
    reliability: Sequence[Mapping[str, float]] = ()


def summarise(rows: Sequence[Mapping[str, Any]]) -> Summary:
    scores = [row["scores"] for row in rows]
    judged = [(s["confidence"], _is_right(s)) for s in scores]
    times = sorted(row["elapsed_ms"] for row in rows)
    commands = [command for row in rows for command in row.get("commands") or ()]
    usages = [row["result"].get("usage") or {} for row in rows]
    return Summary(
        cases=len(rows),
        category=_share(s["category"] for s in scores),
        severity=_share(s["severity"] for s in scores),
        cause=_share(s["cause"] for s in scores),
        cause_in_verdict=_share(s["cause_in_verdict"] for s in scores),
        incident=_share(s["incident"] for s in scores),
        false_alarms=sum(1 for row in rows if not row["scores"]["incident"] and row["result"]["incident_detected"]),
        false_claims=sum(1 for s in scores if s["false_claims"]),
        ece=expected_calibration_error(judged),
        brier=mean((c - r) ** 2 for c, r in judged) if judged else 0.0,
        p50_ms=_percentile(times, 0.5),
        p95_ms=_percentile(times, 0.95),
        tokens=sum(u.get("input_tokens", 0) + u.get("output_tokens", 0) for u in usages),
        cost_usd=sum(u.get("cost_usd", 0.0) for u in usages),
        commands_shown=len(commands),
        commands_refused=sum(1 for command in commands if not command["ok"]),
        extras=_extras(scores),
        reliability=list(reliability(judged)),
    )


def _is_right(scores: Mapping[str, Any]) -> bool:
    return bool(scores["incident"] and scores["category"] is not False and scores["cause"])


def _share(values: Iterable[bool | None]) -> float:
    asked = [value for value in values if value is not None]
    return sum(asked) / len(asked) if asked else 1.0


def _extras(scores: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    names = ("forecast", "all_causes", "citations", "first_failed_node", "needle_time")
    shares = {name: _share(s.get(name) for s in scores) for name in names if any(name in s for s in scores)}
    if any("forbidden" in s for s in scores):
        shares["forbidden_commands"] = float(sum(len(s.get("forbidden") or ()) for s in scores))
    return shares


def reliability(judged: Sequence[tuple[float, bool]]) -> Iterator[dict[str, float]]:
    """The chart's bars: of the cases with about this confidence, how many were right."""
    for index in range(BINS):
        low, high = index / BINS, (index + 1) / BINS
        inside = [(c, r) for c, r in judged if low <= c < high or (index == BINS - 1 and c == 1.0)]
        if inside:
            yield {
                "from": low, "to": high, "cases": len(inside),
                "confidence": mean(c for c, _ in inside), "right": mean(float(r) for _, r in inside),
            }  # fmt: skip


def expected_calibration_error(judged: Sequence[tuple[float, bool]]) -> float:
    """ECE over ten bins: the mean gap between confidence and correctness, weighted by cases."""
    total = len(judged) or 1
    return sum(bar["cases"] * abs(bar["confidence"] - bar["right"]) for bar in reliability(judged)) / total


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
