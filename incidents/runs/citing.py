"""Turn what the knowledge base offers into what a report cites: passages that fit, past cases, house rules."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from incidents.analysis.house_rules import HouseRuling, labels_of, systems_of
from incidents.analysis.phrases import phrases
from incidents.analysis.pipeline import RetrievedKnowledge
from incidents.analysis.report import Reference, RelatedCase
from incidents.diagnostics.diagnosis import Diagnosis
from incidents.diagnostics.dossier import Dossier
from incidents.diagnostics.evidence.times import read_time
from knowledge_base import house_rules
from knowledge_base.house_rules import HouseRule
from knowledge_base.house_scope import System
from knowledge_base.house_words import advice_against, words
from knowledge_base.knowledge import ForAnalysis

logger = logging.getLogger(__name__)

QUERY_LENGTH = 600
BESIDE_THE_TOPIC = 0.35  # score from which a document about something else than the root cause is worth citing

Search = Callable[..., ForAnalysis]
HouseDocuments = Callable[[], Iterable[Mapping[str, Any]]]
Origins = Callable[[Collection[str]], Mapping[str, str]]  # of cases: the incident each came from


def no_origins(case_ids: Collection[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Librarian:
    """Finds knowledge for a diagnosis. A failing index costs passages, never the report."""

    search: Search
    house_documents: HouseDocuments
    origins: Origins = no_origins

    def __call__(self, diagnosis: Diagnosis, *, language: str) -> RetrievedKnowledge:
        root = diagnosis.conclusion.root
        if root is None:
            return RetrievedKnowledge()
        active = [finding.id for finding in diagnosis.examination.findings if finding.is_trouble]
        category = root.hypothesis.category.value
        try:
            rules = [house_rules.read_house_rule(document) for document in self.house_documents()]
            found = self.search(query_of(diagnosis), active, category=category, language=language)
        except Exception:  # isolation point: an analysis must not fail because an index did
            logger.exception("retrieving knowledge failed")
            return RetrievedKnowledge(notice=phrases()["knowledge_down"].say(language))
        topics = {one.hypothesis.topic for one in diagnosis.conclusion.roots}
        cited = cite(found, rules, systems=system_of(diagnosis.dossier), category=category, topics=topics)
        cited = self._with_origins(cited)
        return cited if found.vector_available else replace(cited, notice=phrases()["vector_down"].say(language))

    def _with_origins(self, cited: RetrievedKnowledge) -> RetrievedKnowledge:
        """Cases with the incident that they came from."""
        known = self.origins([case.id for case in cited.related_cases]) if cited.related_cases else {}
        if not known:
            return cited
        cases = [replace(case, incident=known.get(case.id, "")) for case in cited.related_cases]
        return replace(cited, related_cases=cases)


def query_of(diagnosis: Diagnosis) -> str:
    """What to search for: what people wrote, the cause, and the worst findings."""
    root = diagnosis.conclusion.root
    parts = [diagnosis.dossier.prose[:200]]
    if root is not None:
        parts += [root.hypothesis.title.ko, root.hypothesis.title.en]
        parts += [finding.title.en for finding in root.active[:3]]
    return " ".join(parts)[:QUERY_LENGTH]


def system_of(dossier: Dossier) -> System:
    """What an incident says of its systems: names, labels, and the day on which a rule must hold."""
    told = read_time(dossier.intake.timestamp)
    return System(frozenset(systems_of(dossier)), labels_of(dossier), (told or datetime.now()).date())


def cite(
    found: ForAnalysis, rules: Iterable[HouseRule], *, systems: System, category: str, topics: set[str]
) -> RetrievedKnowledge:
    """Sort what was admitted into references, cases and rulings. Documents for other systems are left out."""
    known = {rule.document_id: rule for rule in rules}
    dead = house_rules.superseded_ids(known.values(), on=systems.on)
    references: list[Reference] = []
    cases: list[RelatedCase] = []
    excerpts: dict[str, str] = {}
    for admitted in found.admitted:
        passage = admitted.passage
        rule = known.get(passage.document_id)
        if rule is not None and house_rules.is_elsewhere(rule, systems):
            continue
        if passage.topic not in topics and passage.fit < BESIDE_THE_TOPIC:
            continue
        status = "superseded" if passage.document_id in dead else "current"
        excerpts[passage.document_id] = passage.text
        shared: dict[str, Any] = {
            "id": passage.document_id, "title": passage.title, "score": round(passage.score, 3), "status": status,
            "url": url_of(passage.document_id), "excerpt": passage.text[:400],
            "opinion": asdict(passage.why.opinion) if passage.why.opinion else None,
        }  # fmt: skip
        if passage.kind == "case":
            cases.append(RelatedCase(**shared))
        else:
            references.append(Reference(**shared, why=", ".join(admitted.met)))
    rulings = [_ruling(rule, category) for rule in house_rules.in_force(known.values(), systems, category=category)]
    return RetrievedKnowledge(references, cases, excerpts, rulings=rulings)


def _ruling(rule: HouseRule, category: str) -> HouseRuling:
    forbidden = house_rules.forbidden_commands(rule)
    return HouseRuling(
        rule.document_id, rule.title, forbidden, rule.requires, rule.sentences,
        url=url_of(rule.document_id), advice=advice_against(forbidden),
        beside=not house_rules.is_about(rule, category),
    )  # fmt: skip


def published_house_documents() -> list[Mapping[str, Any]]:
    """Published documents that name what they govern: in front matter, by a pattern such as session-*, or in words."""
    from knowledge_base.models import KnowledgeDocument

    stated = Q(applies_to__has_any_keys=["governs", "labels", "forbids", "requires", "supersedes", "superseded_by"])
    named = Q(title__contains="-*") | Q(notes__contains="-*") | Q(solutions__icontains="-*")
    fields = (
        "id", "title", "language", "category", "applies_to", "symptoms", "root_causes", "diagnosis_steps", "solutions",
        "prevention", "notes",
    )  # fmt: skip
    worded = Q()
    for phrase in words()["looked_for"]:
        worded |= Q(notes__icontains=phrase)
    return list(KnowledgeDocument.objects.published().filter(stated | named | worded).values(*fields))


def url_of(document_id: str) -> str:
    try:
        return reverse("knowledge-detail", args=[document_id])
    except NoReverseMatch:
        return ""
