"""The arms of an evaluation: with or without knowledge, by the rules or by a model."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from incidents.analysis.evaluation import Case
from incidents.analysis.pipeline import Analyst, Retriever


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
        return None


def build(analyst: str, *, knowledge: bool) -> Arms:
    return Arms(knowledge=knowledge)
