"""No input raises, and the work grows with the size of the input and no faster."""

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.diagnostics.evidence import attribute, describe, identify, prefill, read_intake, recognise
from incidents.diagnostics.evidence.reading import PARSERS
from incidents.diagnostics.intake import IncidentInput, UploadedText
from tests.incidents.diagnostics.evidence import samples
from tests.incidents.diagnostics.generated import json_like, mutated, names, soup

relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class TestNoInput:
    @relaxed
    @given(st.text(max_size=400) | soup | mutated())
    def test_raises_when_pasted(self, text):
        pieces = recognise(text)

        describe(pieces)
        prefill(pieces)
        identify(attribute(pieces))

    @relaxed
    @given(st.binary(max_size=300).map(lambda data: data.decode("latin-1")), soup)
    def test_raises_in_any_field(self, noise, text):
        read_intake(
            IncidentInput(
                timestamp=noise,
                error_logs=(noise, text),
                metrics={noise: text},
                redis_info=text,
                description=noise,
                artifacts={noise: text, "slowlog": noise},
                files=(UploadedText(noise, text),),
                pasted=(noise, text),
            )
        )

    @relaxed
    @given(
        st.dictionaries(names, json_like | soup, max_size=5),
        st.dictionaries(st.text(max_size=8), json_like, max_size=4),
    )
    def test_raises_as_an_artifact(self, artifacts, metrics):
        read_intake(IncidentInput(artifacts=artifacts, metrics=metrics))

    @relaxed
    @given(json_like | soup | mutated())
    def test_raises_in_any_parser(self, value):
        for parse in PARSERS.values():
            parse(value)


def work(text):
    """Count the calls that reading a text takes: a measure that a busy machine does not disturb."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read_intake(IncidentInput(pasted=(text,)))
    finally:
        sys.setprofile(None)
    return calls


class TestWork:
    @pytest.mark.parametrize(
        "unit",
        [
            '{"a":\n',
            '["a",\n',
            '{"a": "b\n',
            '1) 1) "x"\n',
            '1) "abc\n',
            "2) (integer) 7\n",
            "1) 1) (integer) 7\n   2) x\n",
            "1\n1795348264\n5\n",
            "used_memory:1\n",
            "a:",
            "[1,\n",
            "=== node 1 ===\nrole:master\n",
            "127.0.0.1:6379> INFO\n",
            "```\n",
            "------ INFO OUTPUT ------\nused_memory:1\n",
            "4817:M 22 Nov 2026 11:48:38.089 * x\nword word\n",
            "redis-1 | 4817:M 22 Nov 2026 11:48:38.089 * x\n",
            '"',
            "\\",
            " ",
            "{'a':",
            "레디스 메모리가 부족합니다\n",
            "count\n1\nreason\n",
            "Dave, I have\n\n- a\n",
            samples.CLIENTS + "\n",
            samples.INFO + "\n",
        ],
    )
    def test_grows_with_the_size_and_no_faster(self, unit):
        small, large = work(unit * 150), work(unit * 600)

        assert large < 5 * small + 3000
