"""The arms of an evaluation: with or without knowledge, by the rules or by a model."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType

from incidents.analysis.evaluation import Case
from incidents.analysis.pipeline import Analyst, Retriever
from incidents.citing import Librarian
from knowledge_base.corpus import documents_in
from knowledge_base.knowledge import Knowledge
from knowledge_base.shipped import knowledge_in_memory


@dataclass
class Arms:
    """What a case is analysed with. Used as a context manager, so that a temporary index goes away again."""

    analyst: Analyst | None = None
    knowledge: bool = True
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


def build(analyst: str, *, knowledge: bool) -> Arms:
    return Arms(knowledge=knowledge)
