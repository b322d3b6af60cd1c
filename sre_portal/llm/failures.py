"""Turn what an SDK raises into an LLMError whose detail carries no key and no prompt.

with explained(exchange, config, prompt=[message.content for message in messages]):
    ...   # calls into an SDK, built on `exchange.http_client()`
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from sre_portal.llm.config import EmbeddingConfig, ModelConfig
from sre_portal.llm.dialect import says_too_long
from sre_portal.llm.errors import ErrorKind, LLMError
from sre_portal.llm.exchange import Exchange

logger = logging.getLogger(__name__)

LONGEST_DETAIL = 200  # characters
ECHO = 24  # characters in a row from the prompt that make a detail an echo of it
SHORTEST_ECHO = 8  # and of a prompt that is quoted whole
KEYS = re.compile(r"\b(?:sk|pk|gsk|xai|AIza|Bearer)[-_ ]?[\w*.-]{8,}")

OUT_OF_QUOTA = ("insufficient_quota", "quota", "billing", "credit")
FILTERED = ("content_filter", "content management policy", "responsibleai")

KIND_OF_STATUS = {
    401: ErrorKind.AUTH,
    403: ErrorKind.AUTH,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.UNAVAILABLE,
    425: ErrorKind.UNAVAILABLE,
    429: ErrorKind.RATE_LIMITED,
}


@contextlib.contextmanager
def explained(exchange: Exchange, config: ModelConfig | EmbeddingConfig, *, prompt: Iterable[str]) -> Iterator[None]:
    """Raise LLMError for whatever goes wrong inside.

    `from None` throughout: the SDKs' exceptions hold the request and quote the response, and would take both into
    any log that prints a traceback.
    """
    try:
        yield
    except LLMError as failure:
        failure.model = failure.model or config.name
        raise
    except Exception as exc:  # noqa: BLE001 - three SDKs, no common base class
        if exchange.ended_by:
            raise LLMError(exchange.ended_by, model=config.name) from None
        raise _failure_of(exc, exchange, config, prompt) from None


def _failure_of(
    exc: Exception, exchange: Exchange, config: ModelConfig | EmbeddingConfig, prompt: Iterable[str]
) -> LLMError:
    import httpx2

    status = status_of(exc)
    cause = exc if isinstance(exc, httpx2.HTTPError) else exc.__cause__
    if status >= 300:
        headers = getattr(getattr(exc, "response", None), "headers", {})
        return failure_of_status(
            status, model=config.name, message=complaint_of(exc), headers=headers, key=config.api_key, prompt=prompt
        )
    if isinstance(cause, httpx2.HTTPError):
        kind = _kind_of_transport_error(cause, exchange)
        return LLMError(kind, clean(str(cause), config.api_key, prompt), model=config.name)
    if hasattr(exc, "body"):  # an error object in the middle of a stream
        said = complaint_of(exc)
        kind = ErrorKind.RATE_LIMITED if "rate_limit" in said.lower() else ErrorKind.UNAVAILABLE
        return LLMError(kind, clean(said, config.api_key, prompt), model=config.name)
    logger.warning("%s could not be read: %s at %s", config.name, type(exc).__name__, _place(exc))
    return LLMError(ErrorKind.BAD_RESPONSE, type(exc).__name__, model=config.name)


def _place(exc: Exception) -> str:
    """Say where an exception was raised. Its message is kept out of the log, since it may quote the answer."""
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


def _kind_of_transport_error(cause: Exception, exchange: Exchange) -> ErrorKind:
    import httpx2

    if isinstance(cause, httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ConnectError | httpx2.ProxyError):
        return ErrorKind.UNREACHABLE
    if isinstance(cause, httpx2.TimeoutException):
        return ErrorKind.TIMEOUT
    return ErrorKind.INTERRUPTED if exchange.has_headers else ErrorKind.UNREACHABLE


def status_of(exc: Exception) -> int:
    """Return the HTTP status an SDK's exception stands for, or 0."""
    status = getattr(exc, "status_code", None) or getattr(exc, "code", None)
    return status if isinstance(status, int) else 0


def complaint_of(exc: Any) -> str:
    """Return what an endpoint says is wrong, with the code and parameter it names."""
    body = getattr(exc, "body", None) or getattr(exc, "details", None)
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        body = body["error"]
    if not isinstance(body, Mapping):
        return body if isinstance(body, str) else ""
    message = body.get("message") or body.get("error") or body.get("detail") or ""
    named = [body.get("code"), body.get("param"), body.get("status")]
    prefix = " ".join(str(name) for name in named if isinstance(name, str) and name not in str(message))
    return f"{prefix}: {message}" if prefix else str(message)


def failure_of_status(
    status: int,
    *,
    model: str,
    message: str = "",
    headers: Mapping[str, str] | None = None,
    key: str = "",
    prompt: Iterable[str] = (),
) -> LLMError:
    """Return the error for an HTTP status. `message` is the endpoint's own sentence, `prompt` what we had sent."""
    if any(word in message.lower() for word in FILTERED):
        return LLMError(ErrorKind.REFUSED, "content filter", model=model)
    kind = KIND_OF_STATUS.get(status) or (ErrorKind.UNAVAILABLE if status >= 500 else ErrorKind.MISCONFIGURED)
    said = "the prompt is too long for this model" if says_too_long(message) else clean(message, key, prompt)
    out_of_quota = status == 429 and any(word in message.lower() for word in OUT_OF_QUOTA)
    return LLMError(
        kind,
        f"HTTP {status}: {said}" if said else f"HTTP {status}",
        model=model,
        retry_after=seconds_to_wait(headers or {}),
        passing=False if out_of_quota else None,
    )


def clean(message: str, key: str = "", prompt: Iterable[str] = ()) -> str:
    """Return an endpoint's message fit for a page and a log, or "" when nothing harmless is left of it."""
    text = " ".join(message.split())
    if not text or text.startswith("<"):  # an HTML page of some proxy
        return ""
    if key:
        text = text.replace(key, "***")
    text = KEYS.sub("***", text)
    if len(text) > LONGEST_DETAIL:
        text = text[: LONGEST_DETAIL - 1] + "…"
    return "" if _echoes(text, prompt) else text


def _echoes(text: str, prompt: Iterable[str]) -> bool:
    """Whether a message repeats what was sent, as validation errors of some servers do."""
    sent = [" ".join(part.split()) for part in prompt]
    windows = [text[start : start + ECHO] for start in range(len(text) - ECHO + 1)]
    whole = any(len(part) >= SHORTEST_ECHO and part in text for part in sent)
    return whole or any(window in part for part in sent for window in windows)


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After (seconds or a date) and its variant in milliseconds. None when absent or unreadable."""
    milliseconds = headers.get("retry-after-ms", "")
    if re.fullmatch(r"\d+(\.\d+)?", milliseconds):
        return float(milliseconds) / 1000
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
