"""The gate between what was found and what an analysis may cite.

A document says by its preconditions which findings it is about. Where the evidence shows none of them, a text that just
sounds alike does harm: retrieval without this gate was measured to lower the accuracy of analyses. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge_base.passages import Passage

STRONG = 0.60  # a text without preconditions must fit the words this well
UNPROVEN = 0.45  # and any text, where there is no finding to judge by
PER_FINDING = 0.12  # what a met precondition adds to the order; two count
SAME_CATEGORY = 0.05


class Grounds(StrEnum):
    EVIDENCE = "evidence"  # a finding meets a precondition
    STRONG_MATCH = "strong-match"  # no preconditions, but the words fit very well
    UNPROVEN = "unproven"  # nothing was found that could speak for or against it


@dataclass(frozen=True, slots=True)
class Admitted:
    passage: Passage
    grounds: Grounds
    met: tuple[str, ...]  # the findings that meet its preconditions
    rank: float


def admit(
    passages: Iterable[Passage], *, finding_ids: Collection[str], category: str = "", limit: int
) -> tuple[Admitted, ...]:
    """The passages that the evidence lets in, best first, one per topic."""
    judged = (judge(passage, finding_ids=finding_ids, category=category) for passage in passages)
    ordered = sorted((one for one in judged if one is not None), key=lambda one: (-one.rank, one.passage.document_id))
    return tuple(_one_per_topic(ordered))[:limit]


def judge(passage: Passage, *, finding_ids: Collection[str], category: str = "") -> Admitted | None:
    """Admit one passage, with the grounds; None refuses it."""
    met = tuple(name for name in passage.preconditions if name in finding_ids)
    if met:
        grounds = Grounds.EVIDENCE
    elif finding_ids and not passage.preconditions and passage.fit >= STRONG:
        grounds = Grounds.STRONG_MATCH
    elif not finding_ids and passage.fit >= UNPROVEN:
        grounds = Grounds.UNPROVEN
    else:
        return None
    rank = passage.score + PER_FINDING * min(2, len(met)) + SAME_CATEGORY * (passage.category == category)
    return Admitted(passage, grounds, met, rank)


def _one_per_topic(ordered: Sequence[Admitted]) -> Iterable[Admitted]:
    """A runbook and its translation say the same; the better placed one stays."""
    seen: set[str] = set()
    for one in ordered:
        topic = one.passage.topic or one.passage.document_id
        if topic not in seen:
            seen.add(topic)
            yield one
