"""Which other documents one is compared with: a bounded number, whatever the collection holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log

from knowledge_base.linting.claims import claims_of
from knowledge_base.linting.data import thresholds
from knowledge_base.linting.draft import Draft
from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import Filters, document_of
from knowledge_base.retrieval import lexical_index
from knowledge_base.tokens import terms_of

TERMS = 24  # of a document's own text: enough to find its like
PER_SUBJECT = 12
POSTINGS = 4_000  # chunks that one look-up may touch; keeps it fast in a large collection
REMEMBERED = 512  # drafts, about 20 kB each
_drafts: dict[tuple[str, str], Draft] = {}


def neighbours_of(draft: Draft) -> tuple[Draft, ...]:
    """Documents of the same topic, documents in like words, and those that speak of the same settings and commands."""
    ids = [*_same_topic(draft), *_alike(draft), *_on_the_same_subjects(draft)]
    wanted = [pk for pk in dict.fromkeys(ids) if pk != draft.id][: thresholds().neighbours]
    found = KnowledgeDocument.objects.exclude(status=KnowledgeDocument.Status.ARCHIVED).in_bulk(wanted)
    return tuple(_remembered(found[pk]) for pk in wanted if pk in found)


def _remembered(document: KnowledgeDocument) -> Draft:
    """The draft of a document as it stands, with what was already read out of it for another one."""
    key = (document.pk, document.content_hash)
    draft = _drafts.get(key)
    if draft is None:
        if len(_drafts) >= REMEMBERED:
            _drafts.clear()
        draft = _drafts[key] = draft_of(document)
    return draft


def draft_of(document: KnowledgeDocument) -> Draft:
    return Draft({"id": document.pk, "review_by": document.review_by, **document.content()})


def _same_topic(draft: Draft) -> list[str]:
    if not draft.topic:
        return []
    others = KnowledgeDocument.objects.filter(topic=draft.topic).exclude(pk=draft.id)
    return list(others.order_by("pk").values_list("pk", flat=True)[:10])


def _alike(draft: Draft) -> list[str]:
    text = "\n".join((str(draft.fields.get("title") or ""), *(line for _, line in draft.lines())))
    return _documents_with(list(terms_of(text[:4_000])), languages=(draft.language,), limit=thresholds().neighbours)


def _on_the_same_subjects(draft: Draft) -> list[str]:
    subjects = list(dict.fromkeys(claim.subject for claim in claims_of(draft)))[: thresholds().subjects]
    found: list[str] = []
    for subject in subjects:
        found += _documents_with(list(terms_of(subject)), languages=(), limit=PER_SUBJECT)
    return found


def _telling(rarity: dict[str, float], counts: Mapping[str, int]) -> dict[str, float]:
    """The rarest terms, as many as stand in few chunks together; at least one."""
    chosen: dict[str, float] = {}
    postings = 0
    for term in sorted(rarity, key=lambda one: -rarity[one])[:TERMS]:
        postings += counts[term]
        if chosen and postings > POSTINGS:
            break
        chosen[term] = rarity[term]
    return chosen


def _documents_with(terms: Iterable[str], *, languages: tuple[str, ...], limit: int) -> list[str]:
    """Published documents that share the rarest of the terms."""
    index = lexical_index()
    wanted = list(dict.fromkeys(terms))
    known = index.frequencies(wanted)
    rarity = {term: log(1 + known.total / count) for term in wanted if (count := known.counts.get(term, 0))}
    weights = _telling(rarity, known.counts)
    if not weights:
        return []
    # A document has several chunks, so that more of them are asked for than documents wanted.
    keys = index.candidates(weights, counts=known.counts, filters=Filters(languages=languages), limit=limit * 4)
    return list(dict.fromkeys(document_of(key) for key in keys))[:limit]
