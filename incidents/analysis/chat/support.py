"""Do the words of a statement follow from what it cites? Its things, states and their order must stand there.

Not a proof: what claims.toml has no word for is not judged. The test of this module measures how much of what is false
is struck out, and how much of what is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from incidents.analysis.chat.brief import Brief, Source
from incidents.analysis.chat.claims import Said, causes_in, claims_of, clauses_of, lexicon, names_in, sentences_of
from incidents.analysis.chat.wording import say
from incidents.analysis.report import ReportedFinding

LEAST_WORDS = 4  # of a statement that must share one with its source
WORD = re.compile(r"[a-z][a-z0-9]{3,}|[가-힣]{2,}")
BEING_OVER = ("recovered", "history")
Signs = frozenset[bool | None]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a source: which concepts it holds, and whether it asserts them."""

    text: str

    @cached_property
    def signs(self) -> Mapping[str, Signs]:
        found: dict[str, set[bool | None]] = {}
        for clause in clauses_of(self.text):
            for said in claims_of(clause):
                found.setdefault(said.concept.name, set()).add(said.holds)
        for concept in lexicon().concepts:
            if concept.denied and concept.denied.search(self.text):
                found.setdefault(concept.name, set()).add(False)
            elif concept.implied and concept.implied.search(self.text):
                found.setdefault(concept.name, set()).add(True)
        return {name: frozenset(signs) for name, signs in found.items()}


@dataclass
class Ground:
    """What a statement may draw from: its sources, and the findings that hang together with them."""

    sentences: Sequence[Sentence]
    known: Mapping[str, bool] = field(default_factory=dict)  # states that follow from the findings themselves

    def signs_of(self, name: str) -> set[bool | None]:
        found = {sign for sentence in self.sentences for sign in sentence.signs.get(name, ())}
        return found | ({self.known[name]} if name in self.known else set())

    def binds(self, state: Said, things: Iterable[str]) -> bool:
        """Whether some sentence says this state of one of these things."""
        wanted = set(things)
        for sentence in self.sentences:
            signs = sentence.signs.get(state.concept.name, frozenset())
            if (state.holds in signs or None in signs) and wanted & sentence.signs.keys():
                return True
        return False

    @cached_property
    def text(self) -> str:
        return "\n".join(sentence.text for sentence in self.sentences).lower()


class Support:
    """Checks statements of one brief against what they cite."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.language = brief.base.language
        self._seen: dict[str, Sentence] = {}  # many statements rest on the same few findings

    def problem_of(self, text: str, sources: Sequence[Source]) -> str:
        """Say what of a statement does not follow from its sources, or return ""."""
        ground = self._ground(sources)
        for sentence in sentences_of(text):
            problem = self._problem_of_sentence(sentence, ground)
            if problem:
                return problem
        return self._problem_of_names(text, ground) or self._problem_of_words(text, ground)

    # --- What a statement may draw from ------------------------------------------------------------------------

    def _ground(self, sources: Sequence[Source]) -> Ground:
        cited = self._cited_by(sources)
        near = self._beside(cited)
        roots = [one for one in self.brief.base.hypotheses if one.is_root_cause and one.id in cited | near]
        near |= self._beside({one.id for one in roots})  # what the same root cause brought about
        findings = [one for one in self.brief.findings.values() if one.id in cited | near]
        sentences = self._sentences([*(source.words for source in sources), *(_words(one) for one in findings)])
        told = self._sentences(f"{one.title}\n{one.explanation}" for one in roots)
        # Of the root cause what is sure; "usually a leak, a deploy or …" supports none of these.
        sentences += [one for one in told if not lexicon().alternatives.search(one.text)]
        return Ground(sentences, _known(findings))

    def _sentences(self, texts: Iterable[str]) -> list[Sentence]:
        every = [one for text in dict.fromkeys(texts) for one in sentences_of(text)]
        return [self._seen.setdefault(one, Sentence(one)) for one in every]

    def _cited_by(self, sources: Sequence[Source]) -> set[str]:
        """Findings and hypotheses that are cited, and findings that quote a cited line."""
        lines = [source.words for source in sources if source.kind == "evidence"]
        cited = {source.name for source in sources if source.kind in ("finding", "hypothesis")}
        every = self.brief.findings.values()
        return cited | {one.id for one in every for quote in one.evidence if any(quote.text in text for text in lines)}

    def _beside(self, ids: Set[str]) -> set[str]:
        """What the causal chain joins to these, one arrow away."""
        chain = self.brief.base.causal_chain
        return {link.effect for link in chain if link.cause in ids} | {
            link.cause for link in chain if link.effect in ids
        }

    @cached_property
    def _hypotheses(self) -> list[Sentence]:
        return self._sentences(f"{one.title}\n{one.explanation}" for one in self.brief.hypotheses.values())

    @cached_property
    def _active(self) -> Ground:
        active = [one for one in self.brief.findings.values() if one.state == "active"]
        return Ground(self._sentences(_words(one) for one in active))

    # --- What may be wrong -------------------------------------------------------------------------------------

    def _problem_of_sentence(self, sentence: str, ground: Ground) -> str:
        if lexicon().absence.search(sentence):
            return self._problem_of_absence([said for clause in clauses_of(sentence) for said in claims_of(clause)])
        if lexicon().open.search(sentence):
            ground = Ground([*ground.sentences, *self._hypotheses], ground.known)
        for clause in clauses_of(sentence):
            problem = self._problem_of_clause(clause, ground)
            if problem:
                return problem
        return self._problem_of_order(sentence)

    def _problem_of_clause(self, clause: str, ground: Ground) -> str:
        claims = claims_of(clause)
        things = [said.concept.name for said in claims if not said.concept.is_state]
        for said in claims:
            signs = ground.signs_of(said.concept.name)
            if not signs:
                return say("not_in_source", self.language, words=said.text.strip())
            if not said.concept.is_state or said.holds is None:
                continue
            if said.holds not in signs and None not in signs:
                return say("opposite_of_source", self.language, words=said.text.strip())
            is_bound = said.concept.name in ground.known or not (things or said.concept.needs_thing)
            if not is_bound and not ground.binds(said, things):
                return say("not_of_that", self.language, words=clause.strip())
        return ""

    def _problem_of_absence(self, claims: Sequence[Said]) -> str:
        there = next((said for said in claims if self._active.signs_of(said.concept.name)), None)
        return say("opposite_of_source", self.language, words=there.text.strip()) if there else ""

    def _problem_of_order(self, sentence: str) -> str:
        """A cause that is told as the effect of its own effect."""
        for cause, effect in causes_in(sentence):
            before, after = _names(cause), _names(effect)
            for causes, effects in lexicon().orders:
                if causes & after and effects & before and not (causes & before or effects & after):
                    return say("reversed", self.language)
            if self._is_reversed(before, after):
                return say("reversed", self.language)
        return ""

    def _is_reversed(self, before: set[str], after: set[str]) -> bool:
        cause, effect = self._finding_about(before), self._finding_about(after)
        if not cause or not effect or cause == effect:
            return False
        links = {(link.cause, link.effect) for link in self.brief.base.causal_chain}
        return (effect, cause) in links and (cause, effect) not in links

    def _finding_about(self, names: set[str]) -> str:
        """The one finding whose title speaks of most of these concepts; "" if there is no such one."""
        scores = {one.id: _likeness(names, _names(one.title)) for one in self.brief.findings.values()}
        best = max(scores.values(), default=0.0)
        ids = [id for id, score in scores.items() if score == best and score > 0]
        return ids[0] if len(ids) == 1 else ""

    def _problem_of_names(self, text: str, ground: Ground) -> str:
        known = _joined(f"{ground.text}\n{self.brief.rules_words.lower()}")
        unknown = next((name for name in names_in(text) if _joined(name) not in known), "")
        return say("not_in_source", self.language, words=unknown) if unknown else ""

    def _problem_of_words(self, text: str, ground: Ground) -> str:
        """A statement of some length of which no word stands in its source, and none means the same."""
        words = WORD.findall(text.lower())
        if len(words) < LEAST_WORDS or any(claims_of(clause) for clause in clauses_of(text)):
            return ""
        is_near = any(word[:5] in ground.text for word in words)
        return "" if is_near else say("nothing_in_common", self.language)


def _words(one: ReportedFinding) -> str:
    return "\n".join([one.title, one.summary, *(quote.text for quote in one.evidence), one.node])


def _known(findings: Sequence[ReportedFinding]) -> dict[str, bool]:
    """States that findings tell by what they are, not by their words."""
    if not findings:
        return {}
    is_minor = all(one.severity == "low" for one in findings)
    known = {"over": any(one.state in BEING_OVER for one in findings), "minor": is_minor}
    return {**known, "healthy": True} if is_minor else known


def _names(text: str) -> set[str]:
    return {said.concept.name for clause in clauses_of(text) for said in claims_of(clause)}


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _joined(text: str) -> str:
    return text.replace("-", "_")
