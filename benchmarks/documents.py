"""Made-up knowledge for measuring: sentences of shipped runbooks with rare words strewn in, as host names are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

CATEGORIES = ("memory", "connection", "replication", "cluster", "performance", "persistence", "security")
SEVERITIES = ("critical", "high", "medium", "low")
LONG_PARTS = ("diagnosis_steps", "solutions")
RARE_WORDS = 6  # in each document; they make vectors nearly orthogonal, which is hard on an approximate index


def shipped() -> list[dict[str, Any]]:
    """The documents that come with the product."""
    from knowledge_base.shipped import shipped_documents

    return [dict(fields) for fields in shipped_documents()]


def documents(count: int, *, brief: bool = False, seed: int = 5) -> Iterator[dict[str, Any]]:
    """Rows for the importer: each takes its sentences from real runbooks of one language.

    About three passages each; brief ones have one.
    """
    dice = random.Random(seed)  # noqa: S311  (not for secrets)
    by_language: dict[str, list[dict[str, Any]]] = {}
    for fields in shipped():
        by_language.setdefault(str(fields["language"]), []).append(fields)
    for number in range(count):
        language = dice.choice(sorted(by_language))
        row = _document(number, language, by_language[language], dice)
        yield {name: value for name, value in row.items() if not brief or name not in LONG_PARTS}


def _document(number: int, language: str, models: Sequence[dict[str, Any]], dice: random.Random) -> dict[str, Any]:
    def some(part: str, count: int) -> list[Any]:
        found = [entry for fields in dice.sample(models, 3) for entry in fields.get(part) or ()]
        return dice.sample(found, min(count, len(found)))

    rare = " ".join(f"{dice.choice('abcdefgh')}{dice.randrange(16**6):06x}" for _ in range(RARE_WORDS))
    title = f"{dice.choice(models)['title']} ({rare.split()[0]})"
    return {
        "id": f"bench-{number:06d}", "kind": "troubleshooting", "language": language, "title": title,
        "category": dice.choice(CATEGORIES), "severity": dice.choice(SEVERITIES), "status": "published",
        "tags": rare.split()[:2], "symptoms": [*some("symptoms", 3), rare], "root_causes": some("root_causes", 2),
        "diagnosis_steps": some("diagnosis_steps", 2), "solutions": some("solutions", 2),
        "questions": some("questions", 2),
    }  # fmt: skip


def questions(count: int, *, seed: int = 6) -> list[str]:
    """What people ask, in both languages: the questions that shipped documents list."""
    dice = random.Random(seed)  # noqa: S311
    listed = [str(question) for fields in shipped() for question in fields.get("questions") or ()]
    return [dice.choice(listed) for _ in range(count)]
