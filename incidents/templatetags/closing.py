"""How an incident ended, in templates; and the incident that a case came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.auth.models import User

from incidents.closing import services
from incidents.closing.cases import cause_label, incidents_of_cases
from incidents.closing.models import Closing, FollowUp, IncidentCase, PostMortem
from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.language import current_language
from incidents.models import Category, Incident

register = template.Library()

MOST_PEOPLE, MOST_TASKS = 200, 100
TONES = {"yes": "ok", "partly": "medium", "no": "high"}


@dataclass(frozen=True, slots=True)
class Ending:
    """Everything that the page says about the end of an incident."""

    closing: Closing | None
    reopened: list[Closing]
    follow_ups: list[FollowUp]
    post_mortems: list[PostMortem]
    case: Any
    people: list[str]

    @property
    def done(self) -> int:
        return sum(task.done_at is not None for task in self.follow_ups)

    @property
    def what_it_was(self) -> str:
        return what_it_was(self.closing) if self.closing else ""

    @property
    def case_url(self) -> str:
        from django.urls import reverse

        return reverse("knowledge-detail", args=[self.case.pk]) if self.case else ""


@register.simple_tag
def ending_of(incident: Incident) -> Ending:
    case = IncidentCase.objects.filter(incident=incident).select_related("document").first()
    return Ending(
        closing=services.standing_closing(incident),
        reopened=list(incident.closings.filter(reopened_at__isnull=False).select_related("reopened_by")[:5]),
        follow_ups=list(incident.follow_ups.select_related("owner", "done_by")[:MOST_TASKS]),
        post_mortems=list(incident.post_mortems.defer("body").order_by("language")),
        case=case.document if case else None,
        people=list(
            User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)[:MOST_PEOPLE]
        ),
    )


def what_it_was(closing: Closing) -> str:
    """The confirmed cause where it was another than the report's."""
    if closing.actual_words:
        return closing.actual_words
    if (known := all_hypotheses().get(closing.actual_cause)) is not None:
        return cause_label(known.title, current_language())
    return str(Category(closing.actual_category).label) if closing.actual_category in Category.values else ""


@register.simple_tag
def origin_of(document_id: str) -> str:
    """The public id of the incident that a case came from. Empty for every other document."""
    return incidents_of_cases([document_id]).get(document_id, "")


@register.filter
def right_tone(right: str) -> str:
    return TONES.get(right, "none")


@register.filter
def right_words(right: str) -> str:
    """A verdict on the diagnosis as a word that stands by itself."""
    from django.utils.translation import gettext as _

    return {"yes": _("It was right"), "partly": _("Partly right"), "no": _("It was wrong")}.get(right, "")
