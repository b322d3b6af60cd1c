"""The arms of an evaluation: with or without knowledge, by the rules or by a model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType

from incidents.analysis.chat.brief import Document
from incidents.analysis.chat.tools import Lookups
from incidents.analysis.evaluation import Case, Summary
from incidents.analysis.pipeline import Analyst, Retriever
from incidents.language_model.evaluation_rows import EvaluationRow
from incidents.runs.citing import Librarian
from knowledge_base.corpus import documents_in
from knowledge_base.knowledge import Knowledge
from knowledge_base.shipped import knowledge_in_memory


@dataclass
class Arms:
    """What a case is analysed with. Used as a context manager, so that a temporary index goes away again."""

    model: str = ""  # empty: the rules write the report alone
    knowledge: bool = True
    verification: bool = True
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Arms:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def retriever_for(self, case: Case) -> Retriever | None:
        """The shipped knowledge, with the case's own documents in force for this case alone."""
        if not self.knowledge:
            return None
        own = documents_in(case.knowledge_dir) if case.knowledge_dir else []
        knowledge = knowledge_in_memory(case.knowledge_dir) if case.knowledge_dir else self.shipped
        return Librarian(knowledge.passages_for_analysis, lambda: own)

    @cached_property
    def shipped(self) -> Knowledge:
        return knowledge_in_memory()

    @cached_property
    def analyst(self) -> Analyst | None:
        """The chat analyst of the model. It looks up nothing but what the arm has, and no call is recorded."""
        if not self.model:
            return None
        from incidents.language_model.chat_wiring import build_analyst

        lookups = Lookups(knowledge=self._search if self.knowledge else None)
        return build_analyst(None, model=self.model, lookups=lookups, verifies=self.verification)

    def _search(self, query: str) -> Sequence[Document]:
        found = self.shipped.search(query, limit=4).passages
        return [Document(passage.document_id, passage.title, passage.text) for passage in found]


def build(analyst: str, *, knowledge: bool, verification: bool = True) -> Arms:
    return Arms("" if analyst == "rules" else analyst, knowledge, verification)


def keep(arms: Arms, folder: Path, summary: Summary) -> EvaluationRow:
    """Keep a summary for the trend. Only on request: an evaluation leaves no trace otherwise."""
    return EvaluationRow.objects.create(
        folder=str(folder)[-200:], analyst=arms.model or "rules", with_knowledge=arms.knowledge,
        with_verification=arms.verification, cases=summary.cases, tokens=summary.tokens, cost=summary.cost_usd,
        seconds=round(summary.p50_ms / 1000, 3),
        summary=asdict(summary),
    )  # fmt: skip
