"""The port to embeddings: text to vectors of a fixed length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class EmbedderUnavailable(Exception):
    """The vectors can't be made now. The message is for an operator."""


@dataclass(frozen=True, slots=True)
class ToEmbed:
    """A chunk on its way to a vector: as text for a model, and as the terms that the index holds already."""

    text: str
    terms: str  # separated by blanks


class Embedder(Protocol):
    @property
    def stamp(self) -> str:
        """Which vectors these are, with everything that changes them: "hashed-2:1024"."""
        ...

    @property
    def semantic_range(self) -> tuple[float, float]:
        """The cosine of unrelated texts and of a text with its own question: where the score's 0 and 1 lie."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per question. Raises EmbedderUnavailable."""
        ...

    def embed_chunks(self, chunks: Sequence[ToEmbed]) -> Vectors:
        """One row of unit length per chunk. Raises EmbedderUnavailable."""
        ...
