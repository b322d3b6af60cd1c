"""JSON as models write it."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_portal.llm.base import LLMError, Message, complete
from sre_portal.llm.errors import ErrorKind
from sre_portal.llm.json_repair import FieldDone, FieldStream, FieldText, ReadObject, read_object
from sre_portal.llm.registry import bare_chat

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
STORABLE = st.dictionaries(st.text(alphabet="abcdef", min_size=1, max_size=5), JSON, max_size=4)


class TestReading:
    @pytest.mark.parametrize(
        ("text", "value", "repairs"),
        [
            ('{"a": 1}', {"a": 1}, ()),
            ('```json\n{"a": "b"}\n```', {"a": "b"}, ("extracted",)),
            ('Here you are: {"a": "b"} Good luck!', {"a": "b"}, ("extracted",)),
            ('{"a": [1, 2,], "b": 3,}', {"a": [1, 2], "b": 3}, ("repaired",)),
            ('{"a": True, "b": None}', {"a": True, "b": None}, ("repaired",)),
            ('{"a": "line\nbreak"}', {"a": "line\nbreak"}, ()),
            ('{"a": [{"c": "INFO"}, {"c": "메모', {"a": [{"c": "INFO"}, {"c": "메모"}]}, ("cut off",)),
            ('{"a": 1, "b": ', {"a": 1}, ("cut off",)),
            ('{"a": 1, "b', {"a": 1}, ("cut off",)),
            ('{"a": "x\\', {"a": "x"}, ("cut off",)),
            ('{"a" 1, "b": 2}', {"b": 2}, ("repaired",)),
            ('{"a": "nul \\u0000 and half \\ud83d"}', {"a": "nul \ufffd and half \ufffd"}, ()),
        ],
    )  # fmt: skip
    def test_makes_the_best_of_it(self, text, value, repairs):
        assert read_object(text) == ReadObject(value, repairs)

    @pytest.mark.parametrize("text", ["", "I can't help with that.", "[1, 2]", "null", '{"a":' * 5000])
    def test_of_what_holds_no_object_is_a_bad_response(self, text):
        with pytest.raises(LLMError) as caught:
            read_object(text)

        assert caught.value.kind == ErrorKind.BAD_RESPONSE

    @settings(max_examples=200, deadline=None)
    @given(STORABLE, st.data())
    def test_of_any_beginning_of_an_object_never_fails(self, value, data):
        text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
        cut = data.draw(st.integers(min_value=1, max_value=len(text)))

        found = read_object(text[:cut]).value

        assert set(found) <= set(value)

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=60))
    def test_of_anything_raises_nothing_else(self, text):
        with contextlib.suppress(LLMError):
            read_object("{" + text)

    def test_takes_time_in_proportion(self):
        started = time.process_time()

        for piece in (
            '{"a": "' + "x" * 300_000,
            '{"a": [' + "1," * 100_000,
            '{"a": "' + '\\"' * 100_000,
            "{" + ",}" * 50_000,
        ):
            read_object(piece)

        assert time.process_time() - started < 2.0


def told(pieces):
    stream = FieldStream()
    return [part for piece in pieces for part in stream.feed(piece)]


class TestFieldsThatStream:
    ANSWER = {
        "summary": '메모리가 "가득" 찼습니다. 😀\n다음',
        "n": 3,
        "steps": [{"c": "a, b: {}"}],
        "ok": True,
        "empty": "",
    }

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
    @pytest.mark.parametrize("ascii_only", [True, False])
    def test_show_text_as_it_comes_and_settle_when_whole(self, size, ascii_only):
        text = "```json\n" + json.dumps(self.ANSWER, ensure_ascii=ascii_only) + "\n```"

        parts = told(text[place : place + size] for place in range(0, len(text), size))

        shown = "".join(part.text for part in parts if isinstance(part, FieldText) and part.name == "summary")
        assert shown == self.ANSWER["summary"]
        assert {part.name: part.value for part in parts if isinstance(part, FieldDone)} == self.ANSWER

    def test_show_no_half_of_an_escape(self):
        parts = told(['{"a": "x\\', "u00", "e9 \\ud83d", '\\ude00"'])

        assert [part.text for part in parts if isinstance(part, FieldText)] == ["x", "é ", "😀"]

    def test_of_inner_objects_come_only_with_their_field(self):
        parts = told(['{"steps": [{"summary": "inner"}', ', {"summary": "two"}], "a": "b"}'])

        assert parts[0] == FieldDone("steps", [{"summary": "inner"}, {"summary": "two"}])

    def test_end_with_the_object(self):
        assert told(['{"a": "b"} {"a": "c"} "d"']) == [FieldText("a", "b"), FieldDone("a", "b")]

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=80), st.integers(min_value=1, max_value=9))
    def test_never_fail_whatever_comes(self, text, size):
        told(text[place : place + size] for place in range(0, len(text), size))

    def test_of_a_long_answer_take_time_in_proportion(self):
        started = time.process_time()

        told(['{"a": "', *("word " for _ in range(40_000)), '"}'])

        assert time.process_time() - started < 2.0


class TestAnAnswer:
    def test_with_characters_no_database_takes_is_cleaned(self, openai_server, config):
        openai_server.reply_with("NUL \x00 and half \ud83d.")

        assert complete(bare_chat(config()), [Message("user", "hi")]).text == "NUL \ufffd and half \ufffd."
