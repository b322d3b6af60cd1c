"""The data files hold together: every name in one exists in the other, every sentence has both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from incidents.diagnostics.commands.grammar import parse_syntax
from incidents.diagnostics.commands.tables import commands, containers, read_toml, sentinel_commands, settings
from incidents.diagnostics.commands.targets import MANAGED, PRODUCTS
from incidents.diagnostics.findings import Risk

TYPES = {"", "int", "num", "key", "pattern", "time", "acl-rule"}
SETTING_TYPES = {"bool", "enum", "integer", "memory", "octal", "percent", "special", "string"}
DATA = ["cli_options", "costs", "dialects", "effects", "host_commands", "names", "services", "wording"]


def bilingual(value: Any) -> Iterator[dict[str, str]]:
    """Yield every table that has a sentence in it."""
    if isinstance(value, dict):
        if {"ko", "en"} & set(value):
            yield value
            return
        for child in value.values():
            yield from bilingual(child)
    elif isinstance(value, list):
        for child in value:
            yield from bilingual(child)


class TestCommandTable:
    def test_holds_the_commands_of_both_products(self):
        for product in PRODUCTS:
            assert sum(product in command.spans for command in commands().values()) > 350

    def test_has_readable_grammars(self):
        for command in commands().values():
            for syntax in filter(None, command.syntaxes.values()):
                parse_syntax(syntax)
                assert set(re.findall(r"<[^<>:]*:([a-z-]+)>", syntax)) <= TYPES, command.name

    def test_gives_every_command_a_place_and_an_arity(self):
        for command in commands().values():
            assert command.spans, command.name
            assert all(command.arities.values()), command.name

    def test_knows_containers_and_sentinels(self):
        assert {"CLIENT", "CONFIG", "CLUSTER", "MEMORY", "SENTINEL", "XINFO", "ACL"} <= containers()
        assert {"SENTINEL", "PING", "INFO", "SUBSCRIBE"} <= sentinel_commands()
        assert "CONFIG" not in sentinel_commands()


class TestSettingTable:
    def test_holds_the_settings_of_both_products(self):
        for product in PRODUCTS:
            assert sum(product in setting.spans for setting in settings().values()) > 180

    def test_has_known_types_and_aliases(self):
        for setting in settings().values():
            assert setting.type in SETTING_TYPES, setting.name
            assert not setting.alias or setting.alias in settings(), setting.name
            assert setting.type != "enum" or setting.values, setting.name

    @pytest.mark.parametrize(("name", "since"), [("maxmemory-clients", (7, 0, 0)), ("active-expire-effort", (6, 0, 0))])
    def test_knows_when_a_setting_came(self, name, since):
        assert settings()[name].spans["redis"].since == since


class TestDataFiles:
    @pytest.mark.parametrize("name", DATA)
    def test_says_everything_in_both_languages(self, name):
        for sentence in bilingual(read_toml(f"{name}.toml")):
            assert set(sentence) == {"ko", "en"}, sentence
            assert sentence["ko"].strip()
            assert sentence["en"].strip()
            assert set(re.findall(r"\{\w+\}", sentence["ko"])) == set(re.findall(r"\{\w+\}", sentence["en"])), sentence

    def test_describes_effects_of_commands_that_exist(self):
        for entry in read_toml("effects.toml")["effect"]:
            Risk(entry["risk"])
            for name in entry["command"] if isinstance(entry["command"], list) else [entry["command"]]:
                assert name in commands(), name

    def test_warns_of_every_loss(self):
        for entry in [*read_toml("effects.toml")["effect"], *read_toml("effects.toml")["setting"]]:
            assert entry.get("risk") != "loses-data" or "warning" in entry, entry

    def test_describes_settings_that_exist(self):
        for entry in read_toml("effects.toml")["setting"]:
            assert entry["name"] in settings(), entry["name"]

    def test_costs_commands_that_exist(self):
        known = {*commands(), *read_toml("cli_options.toml")["options"], "DEBUG RELOAD"}
        for entry in read_toml("costs.toml")["cost"]:
            assert set(entry["command"]) <= known, entry["command"]

    def test_describes_every_managed_service_to_the_end(self):
        for service in MANAGED:
            entry = read_toml("services.toml")[service]
            assert entry["paths"][-1]["match"] == ".", service
            for name in [*entry["blocked"], *entry.get("allowed", [])]:
                assert name in commands(), f"{service}: {name}"
            for name in entry.get("settings", []):
                assert name in settings(), f"{service}: {name}"

    def test_gives_programs_risks_that_exist(self):
        for name, entry in read_toml("host_commands.toml")["programs"].items():
            risks = [entry] if isinstance(entry, str) else [entry["risk"], *(rule["risk"] for rule in entry["rules"])]
            for risk in risks:
                assert Risk(risk), name

    def test_spells_out_patterns_that_compile(self):
        for rule in [*read_toml("dialects.toml")["rewrite"], *read_toml("dialects.toml")["substitute"]]:
            re.compile(rule["match"])
        for name in read_toml("dialects.toml")["per_node"]["commands"]:
            assert name in commands(), name
