"""The sentences of verdicts, from wording.toml."""

from __future__ import annotations

from incidents.diagnostics.commands.tables import read_toml
from incidents.diagnostics.text import Text


def say(sentence: str, **values: object) -> Text:
    """Return a sentence of wording.toml with its values filled in."""
    return Text.of(read_toml("wording.toml")[sentence]).format(**values)
