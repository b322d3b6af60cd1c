from __future__ import annotations

import pytest

from incidents.diagnostics.commands.grammar import match, parse_syntax, tokens_of


class TestMatch:
    def test_accepts_options_in_any_order(self):
        syntax = "<key:key> <value> [(NX | XX)] [GET]@6.2.0 [(EX <seconds:int>)]"

        assert match(syntax, ["k", "v", "EX", "10", "NX"]).fits
        assert match(syntax, ["k", "v", "NX", "EX", "10"]).fits

    def test_refuses_two_of_one_choice(self):
        assert not match("<key:key> [(NX | XX)]", ["k", "NX", "XX"]).fits

    def test_reports_the_newest_thing_used(self):
        found = match("<key:key> [NX]@2.6.12 [GET]@6.2.0", ["k", "GET", "NX"])

        assert (found.need.version, found.need.word) == ((6, 2, 0), "GET")

    def test_prefers_the_reading_that_needs_the_oldest_server(self):
        found = match("((ID <id>)@7.0.0 | <old> <form>)", ["ID", "5"])

        assert found.fits
        assert found.need.version == (0,)

    def test_says_where_it_got_stuck(self):
        found = match("<a:int> <b:int>", ["1", "two"])

        assert not found.fits
        assert found.stuck_at == 1

    def test_points_past_the_end_when_words_are_missing(self):
        assert match("<a:int> <b:int>", ["1"]).stuck_at == 1

    def test_repeats_and_charges_the_repetition(self):
        syntax = "[<section>...@7.0.0]"

        assert match(syntax, ["memory"]).need.version == (0,)
        assert match(syntax, ["memory", "stats"]).need.version == (7, 0, 0)

    def test_repeats_pairs_only_whole(self):
        assert match("(<field> <value>)...", ["f", "v", "g", "w"]).fits
        assert not match("(<field> <value>)...", ["f", "v", "g"]).fits

    def test_matches_tokens_in_any_case_and_the_empty_string(self):
        assert match('<host> (<key> | "") [COPY]', ["h", "", "copy"]).fits

    @pytest.mark.parametrize("word", ["<id>", "{id}", "$ID", "${ID}", "N", "n", "NODE_ID"])
    def test_takes_a_stand_in_for_a_number(self, word):
        assert match("ID <id:int>", ["ID", word]).fits

    def test_does_not_take_a_word_for_a_number(self):
        assert not match("ID <id:int>", ["ID", "seven"]).fits

    def test_does_not_take_a_stand_in_for_a_token(self):
        assert not match("ID <id:int>", ["<id>", "5"]).fits

    def test_stays_fast_on_long_lines(self):
        words = ["key", *(str(number) for number in range(400))]

        assert match("<key:key> (<score:num> <member>)...", words).fits


class TestParseSyntax:
    def test_refuses_what_it_cannot_read(self):
        with pytest.raises(ValueError, match="cannot read"):
            parse_syntax("<a> ) <b>")

    def test_names_the_tokens(self):
        assert tokens_of("[(EX <s:int>) | KEEPTTL@6.0.0] GET") == {"EX", "KEEPTTL", "GET"}
