"""Whether another document says nearly the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge_base.linting.data import thresholds
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.notes import LintNote, note
from knowledge_base.linting.surroundings import Surroundings
from knowledge_base.tokens import normalise


def check_duplicates(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """Compare with the neighbours in the same language; a translation is no duplicate."""
    mine = shingles_of(draft)
    superseded = {*draft.house_rule.supersedes, draft.house_rule.superseded_by}
    for other in around.neighbours:
        if other.language != draft.language or other.id in superseded:
            continue
        share = similarity(mine, shingles_of(other))
        if share >= thresholds().duplicate:
            yield note("near-duplicate", other=other.id, share=share)


def shingles_of(draft: Draft) -> frozenset[int]:
    """Hashes of all runs of a few words. Short runs survive edits between them."""
    size = thresholds().shingle
    found: set[int] = set()
    for _, line in draft.lines():
        words = normalise(line).split()
        found.update(hash(tuple(words[at : at + size])) for at in range(max(1, len(words) - size + 1)))
    return frozenset(found)


def similarity(mine: frozenset[int], theirs: frozenset[int]) -> float:
    """Jaccard's index: what two sets share of all they have. 0 when one is empty."""
    if not mine or not theirs:
        return 0.0
    shared = len(mine & theirs)
    return shared / (len(mine) + len(theirs) - shared)
