"""Which embedder the settings ask for, and the one that filled a given collection."""

from __future__ import annotations

from django.conf import settings

from incidents.diagnostics.redaction import ALL, Kind
from knowledge_base.embedders.base import Embedder, EmbedderUnavailable
from knowledge_base.embedders.hashed import STAMP, HashedEmbedder
from knowledge_base.embedders.openai_compatible import ModelEmbedder
from knowledge_base.glossary import Glossary
from sre_portal.llm.base import LLMError

OPENAI = "openai:"


def masked_kinds() -> frozenset[Kind]:
    """What a model must not get to see, by the settings."""
    return ALL - {Kind(name) for name in settings.MODEL_UNMASKED} if settings.MODEL_MASKING else frozenset()


def configured_stamp() -> str:
    """The stamp of the embedder that the settings name."""
    model = settings.OPENAI_EMBEDDING_MODEL
    return f"{OPENAI}{model}" if model else STAMP


def embedder_for(stamp: str, glossary: Glossary) -> Embedder:
    """The embedder of a stamp, so that an index stays searchable while its successor is filled.

    Raises EmbedderUnavailable for one that this installation can't make.
    """
    if stamp == STAMP:
        return HashedEmbedder(glossary)
    if not stamp.startswith(OPENAI):
        raise EmbedderUnavailable(
            f"This version can't make vectors of the kind {stamp!r}; run `manage.py reindex --rebuild`."
        )
    from sre_portal.llm.config import EmbeddingConfig
    from sre_portal.llm.registry import build_embeddings

    config = EmbeddingConfig(
        model=stamp.removeprefix(OPENAI), api_key=settings.OPENAI_API_KEY, base_url=settings.OPENAI_BASE_URL
    )
    try:
        return ModelEmbedder(build_embeddings(config), masked=masked_kinds())
    except LLMError as exc:
        raise EmbedderUnavailable(f"The embedding model can't be used: {exc}") from exc
