"""Words around lists: counts of filters, links that sort, and what a change to many did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.finding.bulk import Bulk, Kind
from incidents.finding.models import BulkChange
from incidents.models import Incident

register = template.Library()


@register.filter
def of(mapping: Mapping[str, Any] | None, name: str) -> Any:
    """A mapping's value, 0 where it has none; the pairs of a mapping inside."""
    value = (mapping or {}).get(name, 0)
    return value.items() if isinstance(value, Mapping) else value


@register.simple_tag(takes_context=True)
def sorted_by(context: template.Context, order: str) -> str:
    """The address of the same list in another order."""
    query = replace(context["wanted"], order=order).query
    return f"{reverse('incident-list')}?{query or 'view=all'}"


@register.simple_tag
def bulk_question(bulk: Bulk, count: int) -> str:
    if bulk.kind == Kind.STATUS:
        words = ngettext("Set %(count)d incident to %(status)s?", "Set %(count)d incidents to %(status)s?", count)
        return words % {"count": count, "status": Incident.Status(bulk.status).label}
    if bulk.kind == Kind.WATCH:
        return (
            ngettext("Watch %(count)d incident?", "Watch %(count)d incidents?", count)
            if bulk.watch
            else ngettext("Stop watching %(count)d incident?", "Stop watching %(count)d incidents?", count)
        ) % {"count": count}
    if bulk.assignee is None:
        return ngettext("Take %(count)d incident from its assignee?", "Take %(count)d incidents from their assignees?",
                        count) % {"count": count}  # fmt: skip
    words = ngettext("Assign %(count)d incident to %(name)s?", "Assign %(count)d incidents to %(name)s?", count)
    return words % {"count": count, "name": bulk.assignee.get_username()}


@register.simple_tag
def bulk_words(change: BulkChange) -> str:
    """What a change to many did, as one sentence."""
    count = len(change.before)
    if change.kind == Kind.STATUS:
        words = ngettext("%(count)d incident is now: %(status)s.", "%(count)d incidents are now: %(status)s.", count)
        return words % {"count": count, "status": Incident.Status(change.after).label}
    if change.kind == Kind.WATCH:
        return (
            ngettext("You watch %(count)d more incident.", "You watch %(count)d more incidents.", count)
            if change.after
            else ngettext("You watch %(count)d incident less.", "You watch %(count)d incidents less.", count)
        ) % {"count": count}
    person = User.objects.filter(pk=int(change.after)).first() if change.after else None
    words = ngettext("%(count)d incident is now with %(name)s.", "%(count)d incidents are now with %(name)s.", count)
    return words % {"count": count, "name": person.get_username() if person else _("nobody")}
