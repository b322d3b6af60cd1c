"""What a call cost, from the price table in `prices.toml`.

cost_of_call(ModelConfig(model="gpt-4o-mini"), 1200, 300)   # 0.00036 US dollars, or None without a price
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sre_portal.llm.config import EmbeddingConfig, ModelConfig

TABLE = Path(__file__).with_name("prices.toml")
MILLION = 1_000_000


class BadPriceTable(ValueError):
    """The price table breaks its own rules; the message names the entry."""


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens. Above `long_above` tokens in the prompt the long prices hold."""

    match: str
    provider: str
    input: float
    output: float
    cached_input: float
    read_on: date
    source: str
    long_above: int | None = None
    long_input: float = 0.0
    long_output: float = 0.0

    def cost(self, tokens_in: int, tokens_out: int, cached: int = 0) -> float:
        """Return the dollars of one call. `cached` of the prompt's tokens were read from the provider's cache."""
        if self.long_above is not None and tokens_in > self.long_above:
            return (tokens_in * self.long_input + tokens_out * self.long_output) / MILLION
        fresh = max(tokens_in - cached, 0)
        return (fresh * self.input + cached * self.cached_input + tokens_out * self.output) / MILLION


def read_prices(path: Path = TABLE) -> tuple[Price, ...]:
    """Read a price table. Raise BadPriceTable where an entry is wrong."""
    with path.open("rb") as file:
        entries = tomllib.load(file).get("model", [])
    return tuple(_price(entry, number) for number, entry in enumerate(entries, start=1))


def _price(entry: Mapping[str, Any], number: int) -> Price:
    name = entry.get("match") or f"number {number}"
    allowed = {"match", "provider", "input", "cached_input", "output", "long_prompt", "date", "source"}
    missing = {"match", "provider", "input", "output", "date", "source"} - entry.keys()
    if missing or entry.keys() - allowed:
        raise BadPriceTable(f"price of {name}: missing {sorted(missing)}, unknown {sorted(entry.keys() - allowed)}")
    tier = entry.get("long_prompt", {})
    amounts = [entry["input"], entry["output"], entry.get("cached_input", 0.0), *tier.values()]
    if any(not isinstance(amount, int | float) or amount < 0 for amount in amounts):
        raise BadPriceTable(f"price of {name}: prices are numbers, not below 0")
    return Price(
        match=entry["match"],
        provider=entry["provider"],
        input=float(entry["input"]),
        output=float(entry["output"]),
        cached_input=float(entry.get("cached_input", entry["input"])),
        read_on=entry["date"],
        source=entry["source"],
        long_above=tier.get("above"),
        long_input=float(tier.get("input", 0.0)),
        long_output=float(tier.get("output", 0.0)),
    )


@functools.cache
def shipped_prices() -> tuple[Price, ...]:
    return read_prices()


def find_price(provider: str, model: str, table: Sequence[Price] | None = None) -> Price | None:
    """Return the most specific price of a model, or None when there is none."""
    candidates = [
        price
        for price in (shipped_prices() if table is None else table)
        if price.provider == provider and fnmatchcase(model, price.match)
    ]
    return max(candidates, key=lambda price: len(price.match), default=None)


def who_bills(config: ModelConfig | EmbeddingConfig) -> str:
    """Return the provider whose prices hold: the SDK's own, or the host that merely speaks its protocol."""
    host = urlsplit(config.base_url).hostname or ""
    own = not host or host.endswith((".openai.com", ".openai.azure.com", ".anthropic.com", ".googleapis.com"))
    return config.provider if own else host


def cost_of_call(
    config: ModelConfig | EmbeddingConfig, tokens_in: int, tokens_out: int, cached: int = 0
) -> float | None:
    """Return the dollars of one call, or None when no price is known."""
    if config.prices is not None:
        return (tokens_in * config.prices[0] + tokens_out * config.prices[1]) / MILLION
    price = find_price(who_bills(config), config.model)
    return price.cost(tokens_in, tokens_out, cached) if price else None
