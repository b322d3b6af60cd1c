"""Models that the local server can play: one that paraphrases honestly, one that lies with confidence, one in between.

Ask for the model "honest", "liar" or "mediocre"; "honest/600/15" waits 600 ms before its first token and 15 ms between
two. They read the prompt as a model would and answer in its language, with true citations throughout: what the liar
says can be told by its content alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.openai_replies import Reply, wanted_schema

Body = Mapping[str, Any]
LINE = re.compile(r"^(?P<label>[FH]\d{1,3}|Verdict of the rules)\| (?P<text>.*)$", re.MULTILINE)
MOST_STATEMENTS = 4

LIES = {
    "en": (
        "The disk is full, which is where all of this comes from.",
        "The server is healthy and nothing needs to be done.",
        "An attacker got in and changed the configuration.",
        "No request was refused, and no data is at risk.",
        "A deployment yesterday introduced a bug.",
        "Run `FLUSHALL` to solve it.",
        "Exactly 98765 clients were cut off.",
    ),
    "ko": (
        "디스크가 가득 찬 것이 모든 일의 원인입니다.",
        "서버는 정상이므로 조치가 필요하지 않습니다.",
        "해커가 침입하여 설정을 바꾸었습니다.",
        "거부된 요청은 없으며 데이터도 안전합니다.",
        "어제 배포에 포함된 버그가 원인입니다.",
        "`FLUSHALL`을 실행하면 해결됩니다.",
        "정확히 98765개의 클라이언트가 끊겼습니다.",
    ),
}


@dataclass
class Told:
    """What a prompt tells of an incident."""

    language: str
    findings: dict[str, list[str]] = field(default_factory=dict)
    hypotheses: dict[str, list[str]] = field(default_factory=dict)
    severity: str = "medium"
    category: str = "none"

    @classmethod
    def of(cls, body: Body) -> Told:
        prompt = "\n".join(str(message.get("content") or "") for message in body.get("messages", []))
        told = cls("ko" if re.search("[가-힣]", str(body["messages"][0]["content"])) else "en")
        for line in LINE.finditer(prompt):
            if line["label"].startswith("Verdict"):
                verdict = re.search(r"severity (\w+), category (\w+)", line["text"])
                told.severity, told.category = verdict.groups() if verdict else (told.severity, told.category)
            else:
                place = told.findings if line["label"].startswith("F") else told.hypotheses
                place.setdefault(line["label"], []).append(line["text"])
        return told

    @property
    def active(self) -> list[str]:
        """Labels of what is wrong now; of whatever was found where nothing is."""
        return [label for label, texts in self.findings.items() if "· active" in texts[0]] or list(self.findings)

    @property
    def root(self) -> str:
        return next((label for label, texts in self.hypotheses.items() if "root cause of the rules" in texts[0]), "")

    def truths(self) -> list[dict[str, Any]]:
        labels = self.active[:MOST_STATEMENTS]
        return [_said(self.findings[label][1], label) for label in labels if len(self.findings[label]) > 1]


def honest(body: Body) -> Reply:
    told = Told.of(body)
    return _answer(body, told, told.truths(), severity=told.severity, category=told.category, root=told.root)


def liar(body: Body) -> Reply:
    """Wrong in everything that can be wrong, and sure of it."""
    told = Told.of(body)
    cites = told.active[:1]
    lies = [_said(text, *cites) for text in LIES[told.language]]
    severity = "low" if told.severity in ("critical", "high") else "critical"
    category = "security" if told.category != "security" else "memory"
    return _answer(
        body, told, lies, severity=severity, category=category, root=_other(told),
        steps=[{"title": "Do this first", "command": "redis-cli FLUSHALL", "cites": cites}],
    )  # fmt: skip


def mediocre(body: Body) -> Reply:
    """Right about half of the time; which half depends on the incident."""
    told = Told.of(body)
    luck = len(json.dumps(told.findings)) % 3
    lies = [_said(text, *told.active[:1]) for text in LIES[told.language][luck::3]]
    mixed = [one for pair in zip(told.truths() or lies, lies, strict=False) for one in pair]
    severity = "medium" if luck == 0 else told.severity
    category = "performance" if luck == 1 else told.category
    return _answer(
        body, told, mixed, severity=severity, category=category, root=told.root if luck else _other(told)
    )  # fmt: skip


def _other(told: Told) -> str:
    return next((label for label in told.hypotheses if label != told.root), "")


def _said(text: str, *cites: str) -> dict[str, Any]:
    return {"text": text, "cites": list(cites), "quotes": []}


def _answer(
    body: Body, told: Told, statements: list[dict[str, Any]], *, severity: str, category: str, root: str,
    steps: list[dict[str, Any]] | None = None,
) -> Reply:  # fmt: skip
    first = statements[0] if statements else _said("")
    name = ((body.get("response_format") or {}).get("json_schema") or {}).get("name", "")
    if name == "weighing":
        return _json({"verdict": "holds", "reason": first, "rewrites": []})
    if name == "reply" or wanted_schema(body) is None:
        return _json({"explanation": statements})
    return _json({
        "explanation": statements, "summary": first, "root_hypothesis": root, "severity": severity,
        "category": category, "deviation": first if severity != told.severity else _said(""),
        "steps": steps or [], "prevention": [],
    })  # fmt: skip


def _json(value: Any) -> Reply:
    text = json.dumps(value, ensure_ascii=False)
    return Reply(pieces=re.findall(r"\s*[^\s]{1,6}", text))  # about a token each


PLAYERS: dict[str, Callable[[Body], Reply]] = {"honest": honest, "liar": liar, "mediocre": mediocre}


def played(body: Body) -> Reply | None:
    """The answer of a player, at the pace that its name asks for. None for a model that is none."""
    name, *pace = str(body.get("model")).split("/")
    player = PLAYERS.get(name)
    if player is None:
        return None
    wait, between = (float(part) / 1000 for part in (*pace, "0", "0")[:2])
    return replace(player(body), wait_body=wait, pace=between)
