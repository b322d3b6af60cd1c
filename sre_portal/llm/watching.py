"""Tell whoever keeps records of every request for vectors. The apps listen; this package knows none of them.

watch_embeddings(record)      # record(config, texts) gives a context manager; its value is told the answer
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from sre_portal.llm.base import Embeddings
from sre_portal.llm.config import EmbeddingConfig

Answered = Callable[[Embeddings], None]
Record = Callable[[EmbeddingConfig, Sequence[str]], AbstractContextManager[Answered]]

_records: list[Record] = []


def watch_embeddings(record: Record) -> None:
    """Have every request recorded from now on. Whatever `record` raises before the request keeps it from being sent."""
    if record not in _records:
        _records.append(record)


@contextmanager
def watched(config: EmbeddingConfig, texts: Sequence[str]) -> Iterator[Answered]:
    """Enter every record before a request, and leave it after: with the answer, or with the failure."""
    with contextlib.ExitStack() as stack:
        tell = [stack.enter_context(record(config, texts)) for record in _records]

        def answered(embeddings: Embeddings) -> None:
            for one in tell:
                one(embeddings)

        yield answered
