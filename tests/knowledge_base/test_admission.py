from dataclasses import replace

from knowledge_base.admission import Grounds, admit, judge
from knowledge_base.passages import Passage, Why

PLAIN = Passage(
    "a", 1, "t", "runbook", "memory", "high", "en", "", (), "symptoms[0]", "text", "text", score=0.5, why=Why()
)  # fmt: skip
GATED = replace(PLAIN, preconditions=("mem-oom-rejecting-writes", "mem-maxmemory-pressure"))


class JudgeTests:
    def test_admits_a_document_whose_precondition_is_found(self):
        admitted = judge(GATED, finding_ids={"mem-maxmemory-pressure"})

        assert admitted is not None
        assert admitted.grounds is Grounds.EVIDENCE
        assert admitted.met == ("mem-maxmemory-pressure",)

    def test_refuses_one_that_sounds_right_but_does_not_fit_the_evidence(self):
        assert judge(replace(GATED, score=0.99), finding_ids={"repl-link-down"}) is None

    def test_admits_one_without_preconditions_only_on_a_strong_match(self):
        assert judge(PLAIN, finding_ids={"repl-link-down"}) is None
        assert judge(replace(PLAIN, score=0.8), finding_ids={"repl-link-down"}).grounds is Grounds.STRONG_MATCH

    def test_admits_by_words_where_nothing_was_found_and_says_so(self):
        assert judge(replace(GATED, score=0.8), finding_ids=set()).grounds is Grounds.UNPROVEN
        assert judge(replace(GATED, score=0.3), finding_ids=set()) is None


class AdmitTests:
    def test_puts_what_the_evidence_speaks_for_first(self):
        weak = replace(GATED, document_id="fits", score=0.5)
        strong = replace(PLAIN, document_id="sounds", score=0.61)

        admitted = admit([strong, weak], finding_ids={"mem-maxmemory-pressure"}, category="memory", limit=5)

        assert [one.passage.document_id for one in admitted] == ["fits", "sounds"]

    def test_cites_a_runbook_and_not_its_translation_too(self):
        both = [replace(GATED, document_id=f"a-{n}", topic="oom", score=0.5 + n / 10) for n in range(2)]

        admitted = admit(both, finding_ids={"mem-maxmemory-pressure"}, limit=5)

        assert [one.passage.document_id for one in admitted] == ["a-1"]
