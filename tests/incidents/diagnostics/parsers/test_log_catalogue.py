"""The pattern files: their schema, and that every wording finds itself."""

import re

import pytest

from incidents.diagnostics.parsers import log_catalogue
from incidents.diagnostics.parsers.log_catalogue import PatternError
from incidents.diagnostics.parsers.server_log import event_catalogue, recognise_line

SAMPLES = {
    "node": "b" * 40,
    "reporter:node": "c" * 40,
    "address": "10.0.0.5:6379",
    "error": "Permission denied",
    "$": "",
}


def written_out(text: str) -> str:
    filled = re.sub(r"\{([\w:$]*)\}", lambda match: SAMPLES.get(match[1], "7"), text)
    return f"{filled}and so on" if filled.endswith(" ") else filled


class EventCatalogueTests:
    def test_has_a_slug_for_every_event(self):
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", event) for event in event_catalogue())

    def test_speaks_for_rules_by_their_slug(self):
        signals = {pattern.signal for pattern in event_catalogue().values()} - {""}

        assert all(re.fullmatch(r"(mem|conn|repl|sent|cluster|perf|pers|sec|ks|life)-[a-z0-9-]+", s) for s in signals)

    def test_settles_problems_only_with_lines_that_are_no_trouble(self):
        closing = [pattern for pattern in event_catalogue().values() if pattern.effect == "closes"]

        assert closing
        assert all(pattern.closes and (pattern.severity is None or pattern.severity.rank == 1) for pattern in closing)

    @pytest.mark.parametrize("event", event_catalogue())
    def test_recognises_each_wording_as_its_own_event_or_a_more_special_one(self, event):
        pattern = event_catalogue()[event]

        for text in pattern.texts:
            meaning = recognise_line(written_out(text))
            assert meaning is not None, text
            if meaning.event != event:  # allowed only when a longer wording covers this very text
                other = event_catalogue()[meaning.event]
                assert any(len(rival) >= len(text) - 12 for rival in (*other.texts, *other.fragments)), (text, meaning)


class SchemaTests:
    @pytest.mark.parametrize(
        "entry",
        [
            {"severity": "high"},
            {"text": ["x"], "severity": "high", "color": "red"},
            {"text": ["x"]},
            {"text": ["x"], "effect": "explodes", "severity": "low"},
        ],
        ids=["no text", "unknown key", "opens without severity", "unknown effect"],
    )
    def test_refuses_a_table_that_breaks_it(self, entry):
        with pytest.raises(PatternError):
            log_catalogue._read_pattern("some-event", entry, area="area", category="memory", anywhere=False)
