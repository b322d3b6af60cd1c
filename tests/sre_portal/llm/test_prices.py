"""The price table."""

from __future__ import annotations

from datetime import date

import pytest

from sre_portal.llm.config import ModelConfig
from sre_portal.llm.prices import BadPriceTable, cost_of_call, find_price, read_prices, shipped_prices


class TestTheShippedTable:
    def test_says_of_every_price_when_and_where_it_was_read(self):
        for price in shipped_prices():
            assert isinstance(price.read_on, date)
            assert price.source
            assert price.provider in ("openai", "anthropic", "google")
            assert price.cached_input <= price.input

    def test_has_no_two_prices_for_one_pattern(self):
        patterns = [(price.provider, price.match) for price in shipped_prices()]

        assert len(patterns) == len(set(patterns))


class TestACall:
    def test_costs_by_the_most_specific_pattern(self):
        assert find_price("openai", "gpt-4o-mini-2024-07-18").match == "gpt-4o-mini*"
        assert find_price("openai", "gpt-4o-2024-11-20").match == "gpt-4o*"

    def test_costs_less_for_what_the_provider_had_cached(self):
        config = ModelConfig(model="gpt-4o-mini")

        assert cost_of_call(config, 1_000_000, 0) == pytest.approx(0.15)
        assert cost_of_call(config, 1_000_000, 0, cached=1_000_000) == pytest.approx(0.075)

    def test_costs_more_for_a_long_prompt(self):
        config = ModelConfig(provider="anthropic", model="claude-haiku-5-5")

        assert cost_of_call(config, 100_000, 1_000_000) == pytest.approx(0.01 + 0.50)
        assert cost_of_call(config, 200_000, 1_000_000) == pytest.approx(0.10 + 2.50)

    @pytest.mark.parametrize(
        "config",
        [
            ModelConfig(model="qwen3:8b"),
            ModelConfig(model="gpt-4o-mini", base_url="http://localhost:11434/v1"),
            ModelConfig(model="gpt-4o-mini", base_url="https://openrouter.ai/api/v1"),
        ],
    )
    def test_has_no_price_where_another_sends_the_bill(self, config):
        assert cost_of_call(config, 1_000, 1_000) is None

    def test_at_azure_costs_what_openai_charges(self):
        config = ModelConfig(model="gpt-4o-mini", base_url="https://x.openai.azure.com/openai/v1")

        assert cost_of_call(config, 1_000_000, 0) == pytest.approx(0.15)

    def test_costs_what_the_configuration_says(self):
        assert cost_of_call(ModelConfig(model="any", prices=(1.0, 3.0)), 1_000_000, 1_000_000) == pytest.approx(4.0)


class TestABadTable:
    @pytest.mark.parametrize(
        "entry",
        [
            'match = "m"\nprovider = "p"\ninput = 1.0\noutput = 1.0\nsource = "s"',
            'match = "m"\nprovider = "p"\ninput = -1.0\noutput = 1.0\nsource = "s"\ndate = 2026-01-01',
            'match = "m"\nprovider = "p"\ninput = 1.0\noutput = 1.0\nsource = "s"\ndate = 2026-01-01\nprize = 3',
        ],
    )
    def test_is_refused_by_the_name_of_the_entry(self, tmp_path, entry):
        path = tmp_path / "prices.toml"
        path.write_text(f"[[model]]\n{entry}\n")

        with pytest.raises(BadPriceTable, match="price of m"):
            read_prices(path)
