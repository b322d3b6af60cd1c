"""The data files are checked: a wrong entry is named."""

from __future__ import annotations

import re

import pytest

from knowledge_base.linting.data import _read, sentences, sentences_from, thresholds_from, words_from

HANGUL = re.compile("[가-힣]")


def test_every_sentence_is_there_in_both_languages():
    for rule, sentence in sentences().items():
        assert HANGUL.search(sentence.text.ko), rule
        assert HANGUL.search(sentence.todo.ko), rule
        assert not HANGUL.search(sentence.text.en + sentence.todo.en), rule


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"duplicate": 2.0}, "duplicate"),
        ({"neighbours": 0}, "neighbours"),
        ({"reading": {"en": {"sentence": 1}}}, "reading.en"),
        ({"versions": {"redis": ["7.0", "6.2"]}}, "versions.redis"),
        ({"must_have": {"poem": ["symptoms"]}}, "must_have.poem"),
        ({"must_have": {"case": ["verses"]}}, "must_have.case"),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_a_wrong_threshold_is_named(change, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        thresholds_from({**_read("thresholds.toml"), **change})


def test_a_pattern_that_is_none_is_named():
    with pytest.raises(ValueError, match="ban"):
        words_from({**_read("words.toml"), "ban": ["("]})


def test_a_sentence_without_a_language_is_named():
    with pytest.raises(ValueError, match="dead-command"):
        sentences_from({"dead-command": {"level": "error", "en": "x", "todo_en": "x", "todo_ko": "x"}})
