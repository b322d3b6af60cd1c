"""The causal chain as trees."""

from __future__ import annotations

from incidents.analysis.report import ChainLink, QuotedEvidence, ReportedFinding
from incidents.drawing.causal_chain import chain_of


class ChainTests:
    def test_hangs_effects_under_their_causes(self):
        (root,) = chain_of(
            [ChainLink("a", "b", "A", "B"), ChainLink("b", "c", "B", "C"), ChainLink("a", "d", "A", "D")]
        )

        assert (root.id, [effect.id for effect in root.effects], root.effects[0].effects[0].id) == (
            "a",
            ["b", "d"],
            "c",
        )

    def test_cuts_circles(self):
        (root,) = chain_of([ChainLink("a", "b"), ChainLink("b", "a")])

        assert (root.id, [effect.id for effect in root.effects]) == ("a", ["b"])

    def test_takes_an_id_for_a_title_that_is_not_there(self):
        (root,) = chain_of([ChainLink("a", "b")])

        assert root.title == "a"

    def test_hangs_an_effect_of_two_causes_under_the_later_one(self):
        (root,) = chain_of([ChainLink("a", "c"), ChainLink("a", "b"), ChainLink("b", "c")])

        assert [effect.id for effect in root.effects] == ["b"]
        assert [effect.id for effect in root.effects[0].effects] == ["c"]

    def test_knows_how_bad_a_finding_is_and_when_it_began(self):
        quotes = [QuotedEvidence("later", at="2026-11-15T09:12:00"), QuotedEvidence("first", at="2026-11-15T09:11:57")]
        finding = ReportedFinding("b", "memory", "critical", "active", "B", "", evidence=quotes)

        (root,) = chain_of([ChainLink("a", "b")], [finding])

        assert (root.severity, root.effects[0].severity, root.effects[0].at) == ("", "critical", "2026-11-15T09:11:57")
