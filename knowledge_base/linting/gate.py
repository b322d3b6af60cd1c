"""The truth gate as the linter asks it: the same command on many servers, remembered. Pure."""

from __future__ import annotations

from functools import cache, lru_cache

from incidents.diagnostics.commands import Target, Verdict, check, parse_version
from incidents.diagnostics.commands.tables import read_toml
from incidents.diagnostics.findings import Risk

ORDER = tuple(risk.value for risk in (Risk.READ_ONLY, Risk.CHANGES_SETTINGS, Risk.BLOCKS, Risk.LOSES_DATA))


@cache
def _wrong_number() -> str:
    """How the gate begins to say that the number of arguments is wrong."""
    return str(read_toml("wording.toml")["wrong-number"]["en"]).partition("{")[0]


def lacks_arguments(verdict: Verdict) -> bool:
    """Whether the command exists and nothing but the number of its arguments is wrong."""
    return bool(verdict.reasons) and all(reason.en.startswith(_wrong_number()) for reason in verdict.reasons)


@lru_cache(maxsize=8_192)
def verdict_of(command: str, product: str = "redis", version: str = "") -> Verdict:
    return check(command, target=Target(product, parse_version(version) if version else None))
