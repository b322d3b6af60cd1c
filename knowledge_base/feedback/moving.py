"""Order what fits by what people say of it. Within a bound, and only among documents that fit by themselves. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from knowledge_base.feedback.weighing import Opinion
from knowledge_base.passages import Passage
from knowledge_base.ranking import Scored


def no_opinions(document_ids: Collection[str]) -> Mapping[str, Opinion]:
    """Where nobody was asked, such as in evaluations over files."""
    return {}


def by_opinion(fitting: Sequence[tuple[Scored, float]], opinions: Mapping[str, Opinion]) -> list[tuple[Scored, float]]:
    """Documents with their scores moved, the best first. Without opinions the order stays as it is."""
    if not opinions:
        return list(fitting)
    moved = [(one, _moved(score, opinions.get(one.chunk.card.id))) for one, score in fitting]
    return sorted(moved, key=lambda pair: -pair[1])


def _moved(score: float, opinion: Opinion | None) -> float:
    return min(1.0, max(0.0, score + opinion.shift)) if opinion else score


def with_opinions(passages: Sequence[Passage], opinions: Mapping[str, Opinion]) -> tuple[Passage, ...]:
    """Passages that tell what moved them, and how well they fit without it."""
    return tuple(_told(passage, opinions.get(passage.document_id)) for passage in passages)


def _told(passage: Passage, opinion: Opinion | None) -> Passage:
    if not opinion:
        return passage
    fit = round(passage.score - opinion.shift, 4)
    return replace(passage, why=replace(passage.why, opinion=opinion, fit=fit))
