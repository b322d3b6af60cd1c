"""The port to embeddings: text to vectors of a fixed length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class EmbedderUnavailable(Exception):
    """The vectors can't be made now. The message is for an operator."""


class Embedder(Protocol):
    @property
    def stamp(self) -> str:
        """Which vectors these are, with everything that changes them: "hashed-1:1024"."""
        ...

    @property
    def semantic_range(self) -> tuple[float, float]:
        """The cosine of unrelated texts and of a text with its own question: where the score's 0 and 1 lie."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per text. Raises EmbedderUnavailable."""
        ...
