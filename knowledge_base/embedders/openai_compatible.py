"""Vectors of a real embedding model, behind any OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from incidents.diagnostics.redaction import ALL, Kind, Redactor
from knowledge_base.embedders.base import EmbedderUnavailable, ToEmbed, Vectors
from sre_portal.llm.base import EmbeddingModel, LLMError

FEW = 12  # texts that are read for each other's secrets; what is indexed comes by the hundred


class ModelEmbedder:
    # Cosines of today's models: unrelated operations texts lie near 0.2, a question and its answer near 0.6.
    semantic_range = (0.20, 0.65)

    def __init__(self, model: EmbeddingModel, *, masked: Collection[Kind] = ALL) -> None:
        self._model = model
        self._masked = masked

    @property
    def stamp(self) -> str:
        return self._model.name

    def embed(self, texts: Sequence[str]) -> Vectors:
        try:
            # Questions hold what people paste: they leave the machine masked, as everything does that goes to a model.
            answer = self._model.embed([self._sent(text, texts) for text in texts])
        except LLMError as exc:
            raise EmbedderUnavailable(f"The embedding model can't be used: {exc}") from exc
        vectors = np.asarray(answer.vectors, dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise EmbedderUnavailable(f"The embedding model gave {len(answer.vectors)} vectors for {len(texts)} texts.")
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors

    def _sent(self, text: str, beside: Sequence[str]) -> str:
        """A text masked, with what a few others beside it give away. Numbers start anew for each."""
        redactor = Redactor(self._masked)
        for other in beside if len(beside) <= FEW else ():
            redactor.learn(other)
        return redactor.redact(text).text

    def embed_chunks(self, chunks: Sequence[ToEmbed]) -> Vectors:
        return self.embed([chunk.text for chunk in chunks])
