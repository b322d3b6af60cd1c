"""The texts that snippets of incidents are cut from, for a page of results in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models.functions import Right, Substr

from incidents.collaboration.models import Comment
from incidents.finding.indexing import HEAD_OF_EVIDENCE, TAIL_OF_EVIDENCE
from incidents.models import EvidenceItem, Incident

COMMENTS = 200  # the newest of all incidents on the page
EVIDENCE_EACH = 6  # texts looked at per incident


def sources_of(incidents: Iterable[Incident]) -> dict[int, list[str]]:
    """Texts of each incident, what is said before what was pasted."""
    numbers = [incident.pk for incident in incidents]
    texts: dict[int, list[str]] = defaultdict(list)
    said = Incident.objects.filter(pk__in=numbers).values_list("pk", "summary", "description", "resolution")
    for number, *parts in said:
        texts[number] += [part for part in parts if part]
    comments = Comment.objects.filter(incident__in=numbers, deleted_at=None).order_by("-id")[:COMMENTS]
    for number, comment in comments.values_list("incident_id", "text"):
        texts[number].append(comment)
    rows = EvidenceItem.objects.filter(incident__in=numbers, sequence__lte=EVIDENCE_EACH).order_by("sequence")
    cut = rows.annotate(head=Substr("text", 1, HEAD_OF_EVIDENCE), tail=Right("text", TAIL_OF_EVIDENCE))
    for number, head, tail in cut.values_list("incident_id", "head", "tail"):
        texts[number] += [head, tail]
    return texts
