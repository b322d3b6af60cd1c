"""Whether another document for the same systems says the opposite, or another number. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.diagnostics.text import Text
from knowledge_base.linting.claims import Claim, Stance, claims_of
from knowledge_base.linting.draft import Draft
from knowledge_base.linting.notes import LintNote, note
from knowledge_base.linting.surroundings import Surroundings

SAID = {
    Stance.DO: Text("실행하라고 하고", "tells to run"),
    Stance.NEVER: Text("금지하고", "forbids"),
}
SAID_THERE = {
    Stance.DO: Text("실행하라고 합니다", "tells to run"),
    Stance.NEVER: Text("금지합니다", "forbids"),
}


def check_contradictions(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """What one forbids the other must not tell to do, where both apply."""
    mine = claims_of(draft)
    for other in _comparable(draft, around):
        for claim in claims_of(other):
            against = next((one for one in mine if _opposed(one, claim)), None)
            if against is not None:
                yield note(
                    "contradiction",
                    against.place,
                    other=other.id,
                    subject=Text.same(f"`{against.subject}`"),
                    here=SAID[against.stance],
                    there=SAID_THERE[claim.stance],
                    quote=f"“{claim.quote[:160]}”",
                )
                break


def _comparable(draft: Draft, around: Surroundings) -> Iterator[Draft]:
    superseded = {*draft.house_rule.supersedes, draft.house_rule.superseded_by}
    for other in around.neighbours:
        replaced = other.id in superseded or draft.id in other.house_rule.supersedes
        if not replaced and draft.shares_systems_with(other):
            yield other


def _opposed(one: Claim, other: Claim) -> bool:
    if one.stance is other.stance:
        return False
    never, do = (one, other) if one.stance is Stance.NEVER else (other, one)
    if never.value and never.amount != do.amount:
        return False
    return do.subject == never.subject or do.subject.startswith(f"{never.subject} ")


def check_values(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """The same topic, or the same systems of the house, get the same values: in both languages too."""
    mine = _values(draft)
    for other in _comparable(draft, around):
        if not (_same_matter(draft, other) and mine):
            continue
        theirs = _values(other)
        for setting, claims in mine.items():
            amounts = {claim.amount for claim in theirs.get(setting, ())}
            if amounts and not amounts & {claim.amount for claim in claims}:
                here, there = claims[0], theirs[setting][0]
                yield note(
                    "value-differs", here.place, other=other.id, setting=setting, here=here.value, there=there.value
                )


def _same_matter(draft: Draft, other: Draft) -> bool:
    return bool((draft.topic and draft.topic == other.topic) or (draft.house_rule.governs and other.house_rule.governs))


def _values(draft: Draft) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for claim in claims_of(draft):
        if claim.setting and claim.value:
            found.setdefault(claim.setting, []).append(claim)
    return found
