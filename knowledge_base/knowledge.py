"""Knowledge as its users see it: questions, similar documents, and what an analysis may cite. No Django.

Over the database it is made by `retrieval`, over files in memory by `corpus`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from knowledge_base.admission import Admitted, admit
from knowledge_base.passages import Filters, SearchResult
from knowledge_base.retriever import Retriever

FOR_ANALYSIS = 20  # passages looked at before the gate
LEAST_FOR_ANALYSIS = 0.10  # a met precondition speaks for a document whose words hardly fit


class Preconditions(Protocol):
    def documents_meeting(self, finding_ids: Collection[str], *, limit: int) -> list[str]:
        """Published documents with a precondition among the findings, those with most first."""
        ...


@dataclass(frozen=True, slots=True)
class ForAnalysis:
    """What an analysis may cite, and whether the search was whole."""

    admitted: tuple[Admitted, ...]
    vector_available: bool
    problem: str


@dataclass(frozen=True)
class Knowledge:
    retriever: Retriever
    preconditions: Preconditions
    top_k: int
    threshold: float

    def search(
        self,
        query: str,
        *,
        language: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
        threshold: float | None = None,
    ) -> SearchResult:
        return self.retriever.search(
            query,
            language=language,
            filters=filters or Filters(),
            limit=self.top_k if limit is None else limit,
            threshold=self.threshold if threshold is None else threshold,
        )

    def passages_for_analysis(
        self,
        query: str,
        finding_ids: Collection[str],
        *,
        category: str = "",
        language: str | None = None,
        filters: Filters | None = None,
        limit: int | None = None,
    ) -> ForAnalysis:
        """Passages that fit the words and that the findings let in.

        Documents whose preconditions the findings meet are looked at even where their words don't match.
        """
        limit = self.top_k if limit is None else limit
        also = self.preconditions.documents_meeting(finding_ids, limit=FOR_ANALYSIS)
        found = self.retriever.search(
            query,
            language=language,
            filters=replace(filters or Filters(), languages=()),
            limit=FOR_ANALYSIS * 2,
            threshold=LEAST_FOR_ANALYSIS if finding_ids else self.threshold,
            also=also,
        )
        admitted = admit(found.passages, finding_ids=set(finding_ids), category=category, limit=limit)
        return ForAnalysis(admitted, found.vector_available, found.problem)


def documents_meeting(
    preconditions: Sequence[tuple[str, Sequence[str]]], finding_ids: Collection[str], *, limit: int
) -> list[str]:
    """Of pairs of document and preconditions, the documents that the findings meet, those with most first."""
    wanted = set(finding_ids)
    met = [(len(wanted & set(names)), document_id) for document_id, names in preconditions]
    ordered = sorted((pair for pair in met if pair[0]), key=lambda pair: (-pair[0], pair[1]))
    return [document_id for _, document_id in ordered][:limit]
