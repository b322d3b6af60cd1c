"""JSON while it is written, and JSON that never becomes whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.analysis.chat.json_reader import JsonReader, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def strings_of(text: str, size: int) -> dict[tuple, str]:
    reader = JsonReader()
    found: dict[tuple, str] = {}
    for start in range(0, len(text), size):
        for part in reader.feed(text[start : start + size]):
            found[part.path] = found.get(part.path, "") + part.text
    return found


class WholeValueTests:
    @given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5), st.booleans())
    def test_is_read_as_json_reads_it(self, value, as_ascii):
        assert read_json(json.dumps(value, ensure_ascii=as_ascii)) == value

    @given(st.text(max_size=40), st.integers(1, 7))
    def test_gives_its_strings_piece_by_piece(self, text, size):
        written = json.dumps({"a": [{"text": text}]})

        assert strings_of(written, size) == {("a", 0, "text"): text}

    def test_needs_no_end_to_show_what_has_come(self):
        parts = list(JsonReader().feed('{"explanation": [{"text": "Memory is fu'))

        assert [(part.path, part.text, part.is_closed) for part in parts] == [
            (("explanation", 0, "text"), "Memory is fu", False)
        ]


class BrokenValueTests:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ('{"a": ["b", {"c": "d', {"a": ["b", {"c": "d"}]}),
            ('```json\n{"a": 1}\n```', {"a": 1}),
            ('Here you are: {"a": "b"} I hope that helps {"a": "c"}', {"a": "b"}),
            ('{"a": "b",}', {"a": "b"}),
            ('{"a": "first", "a": "second"}', {"a": "first"}),
            ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
            ('{"a": True, "b": None}', {"a": True, "b": None}),
            ('{"a": 1.5e3, "b": -2}', {"a": 1500.0, "b": -2}),
            ('{"a": ', {}),
            ("no JSON at all", None),
            ("", None),
        ],
    )
    def test_keeps_what_there_is(self, text, value):
        assert read_json(text) == value

    @given(st.text(alphabet='{}[]":,\\u0d8ab1 ', max_size=60))
    def test_never_raises(self, text):
        read_json(text)

    def test_ends_at_absurd_depth(self):
        assert read_json('{"a":' * 5000) is not None
