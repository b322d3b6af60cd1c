"""Why a call to a model did not succeed, in words for the page.

try:
    ...
except LLMError as exc:
    exc.kind              # ErrorKind.RATE_LIMITED
    exc.reason("ko")      # one sentence for the operator
    exc.retry_after       # seconds the endpoint asked us to wait, or None
    exc.usage             # what the failed call cost, as far as known
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sre_portal.llm.base import Usage


class ErrorKind(StrEnum):
    UNREACHABLE = "unreachable"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    BAD_RESPONSE = "bad_response"
    BUDGET = "budget"
    AUTH = "auth"
    MISCONFIGURED = "misconfigured"
    NOT_INSTALLED = "not_installed"
    CANCELLED = "cancelled"


REASONS: dict[ErrorKind, dict[str, str]] = {
    ErrorKind.UNREACHABLE: {
        "en": "The model's address could not be reached.",
        "ko": "모델 주소에 연결할 수 없습니다.",
    },
    ErrorKind.UNAVAILABLE: {
        "en": "The model's server answered with an error or is overloaded.",
        "ko": "모델 서버가 오류를 반환했거나 과부하 상태입니다.",
    },
    ErrorKind.TIMEOUT: {
        "en": "The model did not answer within the time limit.",
        "ko": "모델이 제한 시간 안에 응답하지 않았습니다.",
    },
    ErrorKind.INTERRUPTED: {
        "en": "The connection was cut in the middle of the model's answer.",
        "ko": "모델이 응답하는 도중에 연결이 끊어졌습니다.",
    },
    ErrorKind.RATE_LIMITED: {
        "en": "The model's provider limits the request rate or the quota is used up.",
        "ko": "모델 제공자의 요청 한도에 걸렸거나 할당량을 모두 사용했습니다.",
    },
    ErrorKind.REFUSED: {
        "en": "The model declined to answer.",
        "ko": "모델이 답변을 거부했습니다.",
    },
    ErrorKind.BAD_RESPONSE: {
        "en": "The model's answer could not be understood.",
        "ko": "모델의 응답을 해석할 수 없습니다.",
    },
    ErrorKind.BUDGET: {
        "en": "The token or cost budget is used up.",
        "ko": "토큰 또는 비용 예산을 모두 사용했습니다.",
    },
    ErrorKind.AUTH: {
        "en": "The model's provider did not accept the API key.",
        "ko": "모델 제공자가 API 키를 승인하지 않았습니다.",
    },
    ErrorKind.MISCONFIGURED: {
        "en": "The model's settings do not fit the endpoint.",
        "ko": "모델 설정이 엔드포인트와 맞지 않습니다.",
    },
    ErrorKind.NOT_INSTALLED: {
        "en": "The library for this model provider is not installed.",
        "ko": "이 모델 제공자용 라이브러리가 설치되어 있지 않습니다.",
    },
    ErrorKind.CANCELLED: {
        "en": "The request to the model was cancelled.",
        "ko": "모델 요청이 취소되었습니다.",
    },
}

PASSING_KINDS = frozenset(
    {
        ErrorKind.UNREACHABLE,
        ErrorKind.UNAVAILABLE,
        ErrorKind.TIMEOUT,
        ErrorKind.INTERRUPTED,
        ErrorKind.RATE_LIMITED,
        ErrorKind.BAD_RESPONSE,
    }
)


class LLMError(Exception):
    """An anticipated failure of a model call. `detail` is technical and free of keys and prompts."""

    def __init__(
        self,
        kind: ErrorKind,
        detail: str = "",
        *,
        model: str = "",
        retry_after: float | None = None,
        usage: Usage | None = None,
        passing: bool | None = None,
    ) -> None:
        self.kind = kind
        self.detail = detail
        self.model = model
        self.retry_after = retry_after
        self.usage = usage
        self._passing = kind in PASSING_KINDS if passing is None else passing
        super().__init__(self.reason("en"))

    def reason(self, language: str = "en") -> str:
        """Say in one sentence what went wrong, with the technical detail in brackets."""
        sentence = REASONS[self.kind].get(language, REASONS[self.kind]["en"])
        return f"{sentence} ({self.detail})" if self.detail else sentence

    @property
    def is_passing(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self._passing
