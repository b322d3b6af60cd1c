"""The truth gate as the linter asks it: the same command on many servers, remembered. Pure."""

from __future__ import annotations

from functools import lru_cache

from incidents.diagnostics.commands import Target, Verdict, check, parse_version
from incidents.diagnostics.findings import Risk

ORDER = tuple(risk.value for risk in (Risk.READ_ONLY, Risk.CHANGES_SETTINGS, Risk.BLOCKS, Risk.LOSES_DATA))


@lru_cache(maxsize=8_192)
def verdict_of(command: str, product: str = "redis", version: str = "") -> Verdict:
    return check(command, target=Target(product, parse_version(version) if version else None))
