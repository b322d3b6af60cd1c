"""One search over incidents, knowledge and rules: exact ids lead straight there, words find all three."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.urls import reverse

from incidents.diagnostics.rules.specs import RuleSpec, all_rules
from incidents.finding.highlighting import Snippet, snippet_of
from incidents.finding.listing import rows_of
from incidents.finding.matching import best_matches, matching, number_in, wanted_by
from incidents.finding.sources import sources_of
from incidents.language import current_language
from incidents.models import PUBLIC_ID_PREFIX, Incident
from knowledge_base import queries as knowledge_queries
from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import SearchResult
from knowledge_base.retrieval import search as search_knowledge
from knowledge_base.titles import documents_by_title

if TYPE_CHECKING:
    from django.contrib.auth.models import User

INCIDENTS, DOCUMENTS, RULES = 10, 6, 8
SUGGESTED = 5  # of each kind while somebody types
COUNTED = 1_000  # more incidents than that are not counted
READ_INCIDENTS, READ_KNOWLEDGE = "incidents.view_incident", "knowledge_base.view_knowledgedocument"


@dataclass(frozen=True, slots=True)
class IncidentHit:
    incident: Incident
    title: Snippet
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found, by kind. `incident_count` is COUNTED + 1 when there are more."""

    query: str
    incidents: tuple[IncidentHit, ...] = ()
    incident_count: int = 0
    knowledge: SearchResult | None = None
    rules: tuple[RuleSpec, ...] = ()

    @property
    def is_empty(self) -> bool:
        passages = self.knowledge.passages if self.knowledge else ()
        return not (self.incidents or passages or self.rules)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The nearest of each kind, for a list under the box: cheaper than a search, and finds unfinished words."""

    query: str
    incidents: tuple[Incident, ...] = ()
    documents: tuple[KnowledgeDocument, ...] = ()
    rules: tuple[RuleSpec, ...] = ()


def find(user: User, query: str) -> Found:
    query = query.strip()
    if not query:
        return Found(query)
    may_incidents, may_knowledge = user.has_perm(READ_INCIDENTS), user.has_perm(READ_KNOWLEDGE)
    hits = _incident_hits(query) if may_incidents else ()
    count = Incident.objects.filter(matching(query))[: COUNTED + 1].count() if hits else 0
    return Found(
        query=query,
        incidents=hits,
        incident_count=count,
        knowledge=search_knowledge(query, limit=DOCUMENTS) if may_knowledge else None,
        rules=rules_about(query, limit=RULES) if may_incidents else (),
    )


def suggest(user: User, query: str) -> Suggestions:
    query = query.strip()
    if not query:
        return Suggestions(query)
    may_incidents, may_knowledge = user.has_perm(READ_INCIDENTS), user.has_perm(READ_KNOWLEDGE)
    wanted = wanted_by(query)
    documents = documents_by_title(query, wanted.terms, wanted.unfinished, limit=SUGGESTED) if may_knowledge else []
    return Suggestions(
        query=query,
        incidents=tuple(rows_of(_numbers(query, limit=SUGGESTED))) if may_incidents else (),
        documents=tuple(documents),
        rules=rules_about(query, limit=SUGGESTED) if may_incidents else (),
    )


def exact_address(user: User, query: str) -> str | None:
    """Where an id leads: INC-000123, #123, a rule's or a document's id. None for words, or for what is not there."""
    query = query.strip()
    named = query.upper().startswith(PUBLIC_ID_PREFIX) or query.startswith("#")
    number = number_in(query) if named else None
    if number is not None and (incident := Incident.objects.visible_to(user).filter(pk=number).first()):
        return incident.get_absolute_url()
    if query in all_rules() and user.has_perm(READ_INCIDENTS):
        return reverse("rule-detail", args=[query])
    if "-" not in query or " " in query or not user.has_perm(READ_KNOWLEDGE):
        return None
    known = knowledge_queries.documents_for(user).filter(pk=query[:200]).exists()
    return reverse("knowledge-detail", args=[query]) if known else None


def rules_about(query: str, *, limit: int) -> tuple[RuleSpec, ...]:
    """Rules that every word is said of, in either language; those whose id begins with it first."""
    words = query.lower().split()
    found = [name for name, said in _sayings().items() if all(word in said for word in words)]
    rules = all_rules()
    return tuple(rules[name] for name in sorted(found, key=lambda name: not name.startswith(words[0]))[:limit])


@cache
def _sayings() -> Mapping[str, str]:
    return {name: f"{name} {spec.title.ko} {spec.title.en}".lower() for name, spec in all_rules().items()}


def rule_title(spec: RuleSpec) -> str:
    return spec.title.say(current_language())


def _incident_hits(query: str) -> tuple[IncidentHit, ...]:
    rows = rows_of(_numbers(query, limit=INCIDENTS))
    texts = sources_of(rows)
    return tuple(
        IncidentHit(row, snippet_of(query, [row.title], whole=True), snippet_of(query, texts[row.pk])) for row in rows
    )


def _numbers(query: str, *, limit: int) -> list[int]:
    """The incident that the query names, then those that fit best."""
    number = number_in(query)
    first: Iterable[int] = Incident.objects.filter(pk=number).values_list("pk", flat=True) if number else ()
    return list(dict.fromkeys((*first, *best_matches(query, limit=limit))))[:limit]
