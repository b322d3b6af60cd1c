"""A row per request for vectors, as for every other call to a model: written before the texts leave the machine."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.utils import timezone

from incidents.diagnostics.redaction.redactor import PLACEHOLDER
from incidents.language_model.model_calls import ModelCall
from incidents.texts import storable_json
from incidents.turns import in_turn
from sre_portal.llm.base import Embeddings, ErrorKind, LLMError
from sre_portal.llm.config import EmbeddingConfig
from sre_portal.llm.watching import Answered

logger = logging.getLogger(__name__)
KEPT_CHARACTERS = 6_000  # of the texts of one request: a reindex sends a hundred documents at a time
Outcome = ModelCall.Outcome


@contextmanager
def recorded(config: EmbeddingConfig, texts: Sequence[str]) -> Iterator[Answered]:
    """Keep a row of one request. Raise LLMError if it can't be kept: then nothing may be sent."""
    row = _begun(config, texts)
    started = time.monotonic()

    def answered(embeddings: Embeddings) -> None:
        usage = embeddings.usage
        row.outcome = Outcome.ANSWERED
        row.tokens_in, row.cost, row.is_estimated = usage.tokens_in, usage.cost, usage.estimated

    try:
        yield answered
    except LLMError as failure:
        row.outcome, row.error = Outcome.FAILED, failure.reason("en")[:400]
        raise
    finally:
        row.seconds = round(time.monotonic() - started, 3)
        _completed(row)


def _begun(config: EmbeddingConfig, texts: Sequence[str]) -> ModelCall:
    masked = Counter(found[1].lower() for text in texts for found in PLACEHOLDER.finditer(text))
    row = ModelCall(
        purpose=ModelCall.Purpose.EMBED,
        model=config.name,
        endpoint=urlsplit(config.base_url).netloc or config.provider,
        at=timezone.now(),
        outcome=Outcome.ABANDONED,
        masked=dict(masked),
        options={"texts": len(texts)},
        messages=storable_json(_kept(texts)),
    )
    try:
        with in_turn():
            row.save(force_insert=True)
    except DatabaseError as failure:
        logger.exception("could not record a request for vectors")
        raise LLMError(ErrorKind.MISCONFIGURED, "the record of the call can't be written") from failure
    return row


def _kept(texts: Sequence[str]) -> list[dict[str, str]]:
    """The texts as they are sent, up to a number of characters; the rest is counted."""
    kept, left = [], KEPT_CHARACTERS
    for text in texts:
        if left <= 0:
            break
        kept.append({"role": "embed", "content": text[:left]})
        left -= len(text)
    if len(kept) < len(texts):
        kept.append({"role": "embed", "content": f"… {len(texts) - len(kept)} more"})
    return kept


def _completed(row: ModelCall) -> None:
    try:
        with in_turn():
            row.save(update_fields=["outcome", "error", "seconds", "tokens_in", "cost", "is_estimated"])
    except DatabaseError:  # the call is over either way; its beginning is on record
        logger.exception("could not complete the record of model call %s", row.pk)
