"""Incidents that looked like one: shared root causes and findings, rare ones weighing most, then the surroundings."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, F, FloatField, Sum, Value, When

from incidents.finding.listing import rows_of
from incidents.finding.models import IncidentTrait
from incidents.finding.naming import cause_name, finding_name
from incidents.models import Category, Incident

SHOWN = 6
LOOKED_AT = 30  # of those that share most, before their surroundings are compared
POSTINGS = 6_000  # rows of shared traits that one look may touch
AS_IF = 5  # more incidents without it: a young portal has too few to know what is common
LEAST = 1.0  # a score below says nothing: everybody shares what everybody has
CAUSE_COUNTS = 2.0  # times a finding
SAME_CATEGORY, SAME_DEPLOYMENT, SAME_VERSION, WAS_RESOLVED = 1.0, 0.5, 0.5, 0.5
Kind = IncidentTrait.Kind
COMPARED = (Kind.FINDING, Kind.CAUSE)


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident with why it is alike: names for people, the rarest first."""

    incident: Incident
    score: float
    causes: tuple[str, ...]
    findings: tuple[str, ...]
    same_deployment: bool
    same_version: bool


@dataclass(frozen=True, slots=True)
class _Trait:
    kind: str
    name: str
    weight: float


def similar_to(incident: Incident, *, limit: int = SHOWN) -> list[Similar]:
    """The incidents most alike, best first. Empty for one without findings."""
    traits = _telling_traits(incident)
    if not traits:
        return []
    scores = _shared_weight(incident, traits)
    shared = _shared_names(list(scores), traits)
    rows = rows_of(list(scores), leave_out=("description",))
    found = [_compared(incident, row, scores[row.pk], shared[row.pk]) for row in rows]
    best = sorted(found, key=lambda one: (-one.score, -one.incident.pk))
    return [one for one in best if one.score >= LEAST][:limit]


def _telling_traits(incident: Incident) -> list[_Trait]:
    """Its traits that others share, rarest first, as many as one look may touch."""
    own = IncidentTrait.objects.filter(incident=incident, kind__in=COMPARED).values_list("kind", "name")
    names: Mapping[str, list[str]] = defaultdict(list)
    for kind, name in own:
        names[kind].append(name)
    counts: dict[tuple[str, str], int] = {}
    for kind, listed in names.items():
        counted = IncidentTrait.objects.filter(kind=kind, name__in=listed).values_list("name").annotate(n=Count("pk"))
        counts |= {(kind, name): count for name, count in counted.order_by()}
    total = Incident.objects.count()
    return list(_within_budget(counts, total))


def _within_budget(counts: Mapping[tuple[str, str], int], total: int) -> Sequence[_Trait]:
    chosen: list[_Trait] = []
    spent = 0
    for (kind, name), count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        spent += count
        if count < 2 or (chosen and spent > POSTINGS):  # it alone has it; or the rest is too common to tell much
            continue
        rarity = math.log(1 + (total + AS_IF) / count)
        chosen.append(_Trait(kind, name, rarity * (CAUSE_COUNTS if kind == Kind.CAUSE else 1.0)))
    return chosen


def _shared_weight(incident: Incident, traits: Sequence[_Trait]) -> dict[int, float]:
    """The weight of what each other incident shares, for those that share most."""
    weights = Case(
        *(When(kind=trait.kind, name=trait.name, then=Value(trait.weight)) for trait in traits),
        default=Value(0.0), output_field=FloatField(),
    )  # fmt: skip
    rows = IncidentTrait.objects.filter(kind__in=COMPARED, name__in={trait.name for trait in traits})
    scored = rows.exclude(incident=incident).values_list("incident_id").annotate(score=Sum(weights))
    return dict(scored.order_by(F("score").desc(), "-incident_id")[:LOOKED_AT])


def _shared_names(numbers: list[int], traits: Sequence[_Trait]) -> dict[int, list[_Trait]]:
    by_name = {(trait.kind, trait.name): trait for trait in traits}
    rows = IncidentTrait.objects.filter(incident__in=numbers, kind__in=COMPARED, name__in={t.name for t in traits})
    shared: dict[int, list[_Trait]] = defaultdict(list)
    for number, kind, name in rows.values_list("incident_id", "kind", "name"):
        if trait := by_name.get((kind, name)):
            shared[number].append(trait)
    return shared


def _compared(incident: Incident, other: Incident, score: float, shared: Sequence[_Trait]) -> Similar:
    ordered = sorted(shared, key=lambda trait: -trait.weight)
    same_deployment = bool(incident.deployment_type) and other.deployment_type == incident.deployment_type
    same_version = bool(incident.redis_version) and _line(other) == _line(incident)
    has_category = incident.category not in ("", Category.NONE)
    score += SAME_CATEGORY if has_category and other.category == incident.category else 0.0
    score += SAME_DEPLOYMENT if same_deployment else 0.0
    score += SAME_VERSION if same_version else 0.0
    score += WAS_RESOLVED if other.resolution else 0.0  # what fixed one may fix the other
    return Similar(
        incident=other,
        score=score,
        causes=tuple(cause_name(trait.name) for trait in ordered if trait.kind == Kind.CAUSE),
        findings=tuple(finding_name(trait.name) for trait in ordered if trait.kind == Kind.FINDING)[:4],
        same_deployment=same_deployment,
        same_version=same_version,
    )


def _line(incident: Incident) -> str:
    """The release line of a version: 7.2 of 7.2.4."""
    return ".".join(incident.redis_version.split(".")[:2])
