"""Lines may come from a model or a pasted document: nothing raises, nothing takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.diagnostics.commands import Target, Verdict, check, estimate, extract_commands, render, substitute

CLOUD = Target("redis", (6, 2), managed="elasticache")
PIECES = (
    "redis-cli CONFIG SET GET maxmemory 4gb xargs sudo ACL SETUSER -p 26379 CLUSTER SENTINEL INFO KEYS for do"
    " | ; && > <id> {key} $( ` \" ' \\ # * … --cluster"
)
WORDS = st.sampled_from(PIECES.split())


class TestHostileText:
    @settings(max_examples=300, deadline=None)
    @given(st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=12).map(" ".join)))
    def test_is_judged_without_raising(self, line):
        assert isinstance(check(line), Verdict)
        assert isinstance(check(line, target=CLOUD), Verdict)
        render(line, CLOUD)
        substitute(line, CLOUD)
        estimate(line, keys=5)
        extract_commands(f"`{line}`\n```sh\n{line}\n```\n")

    @pytest.mark.parametrize(
        "piece", ["`", "$(", "<a", "{{", "'", '"x', "redis-cli ", "a|", "SET k v ", "\\\n", "```\n", "> ", "("]
    )
    def test_of_great_length_is_judged_quickly(self, piece):
        text = piece * 50_000
        started = time.perf_counter()

        check(text[:4000])
        check(text)
        extract_commands(text)

        assert time.perf_counter() - started < 5
