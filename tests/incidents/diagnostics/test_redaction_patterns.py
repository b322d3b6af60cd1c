"""Every pattern keeps what its own entry promises."""

from __future__ import annotations

import re
import time

import pytest

from incidents.diagnostics.redaction import Redactor, restore
from incidents.diagnostics.redaction.patterns import BadPattern, read_patterns, shipped_patterns, small_letters

MARKED = re.compile("«([^»]*)»")
MASKS = [(pattern, example) for pattern in shipped_patterns().patterns for example in pattern.masks]
KEEPS = [(pattern, example) for pattern in shipped_patterns().patterns for example in pattern.keeps]


def names(pairs):
    return [f"{pattern.name}: {example[:40]}" for pattern, example in pairs]


class TestAPattern:
    @pytest.mark.parametrize(("pattern", "example"), MASKS, ids=names(MASKS))
    def test_finds_its_example(self, pattern, example):
        text = example.replace("«", "").replace("»", "")

        spans = list(pattern.find(text, small_letters(text)))

        assert spans

    @pytest.mark.parametrize(("pattern", "example"), MASKS, ids=names(MASKS))
    def test_leaves_nothing_of_its_example_after_masking(self, pattern, example):
        text = example.replace("«", "").replace("»", "")

        sent = Redactor().redact(text)

        for secret in MARKED.findall(example):
            assert secret not in sent.text
        around = re.sub("«[^»]*»", " ", example).split()
        assert all(word in sent.text for word in around if word.isalpha() and len(word) > 3), sent.text
        assert restore(sent.text, sent.mapping) == text

    @pytest.mark.parametrize(("pattern", "example"), KEEPS, ids=names(KEEPS))
    def test_leaves_its_look_alike_alone(self, pattern, example):
        assert Redactor().redact(example).text == example


class TestThePatternFile:
    @pytest.mark.parametrize(
        "entry",
        [
            'name = "x"\nregex = "("\nmasks = ["a"]',
            'name = "x"\nregex = "(?P<password>a)"',
            'name = "x"\nregex = "abc"\nmasks = ["a"]',
            'name = "x"\nregex = "(?P<parole>a)"\nmasks = ["a"]',
            'name = "x"\nregex = "(?P<ip>a)"\nmasks = ["a"]\ncheck = "guess"',
            'name = "x"\nregex = "(?P<ip>a)"\nmasks = ["a"]\nwords = "unheard"',
            'name = "x"\nregex = "(?P<ip>a)"\nmasks = ["a"]\nmask = ["b"]',
        ],
    )
    def test_with_a_mistake_is_refused_by_name(self, tmp_path, entry):
        path = tmp_path / "patterns.toml"
        path.write_text(f"[[pattern]]\n{entry}\n")

        with pytest.raises(BadPattern, match="pattern x"):
            read_patterns(path)


HOSTILE = [
    *("a", "1", "é", ".", ":", "-", "@", "/", '"', "'", '\\"', "<", "(", "="),
    *("a.", "a:", "1.", "x@", "://", "::", "0:", "a-", "eyJ", "+1 ", "1) ", "4111 ", "Ab1/", "deadbeef-"),
    *("password=", 'password="', "AUTH ", "user ", "host=", "key='", "redis-cli ", "connect to ", "비밀번호"),
    *(
        '1) "SET"\n',
        '"SET" ',
        "> SET a ",
        "SET a:",
        "argv[0]: ",
        "1\n1111111111\n1\nset\n",
        "@ m h 1 ",
        "$1\\r\\n",
        "*1\\r\\n",
    ),
    *("-----BEGIN PRIVATE KEY-----", "https://u:p@", "ACL SETUSER a >b ", "Jan 01 00:00:00 a ", "<IP_", "<IP_1>"),
]


class TestTime:
    @pytest.mark.parametrize("piece", HOSTILE)
    def test_grows_no_faster_than_the_text(self, piece):
        def seconds(size):
            text = (piece * (size // len(piece) + 1))[:size]
            started = time.process_time()
            Redactor().redact(text)
            return time.process_time() - started

        short, long = seconds(10_000), seconds(80_000)

        assert long < max(short * 30, 2.0)  # linear is 8 times; quadratic would be 64
