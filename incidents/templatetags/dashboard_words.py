"""Figures as people read them: spans of time, money, large numbers; and plain numbers for SVG."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400


@register.filter
def span(seconds: float | None) -> str:
    """A span of time in its two largest units; a dash for none."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < MINUTE:
        return _("%(seconds)s s") % {"seconds": whole if seconds >= 10 else round(seconds, 1)}
    if whole < HOUR:
        return _("%(minutes)s min") % {"minutes": round(seconds / MINUTE)}
    if whole < 2 * DAY:
        return _("%(hours)s h %(minutes)s min") % {"hours": whole // HOUR, "minutes": whole % HOUR // MINUTE}
    return _("%(days)s d %(hours)s h") % {"days": whole // DAY, "hours": whole % DAY // HOUR}


@register.filter
def dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


@register.filter
def short(number: int) -> str:
    """A large number in thousands or millions."""
    for size, unit in ((1_000_000, pgettext("million", "M")), (1_000, pgettext("thousand", "k"))):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return str(number)


@register.filter
def total(numbers: Sequence[int]) -> int:
    return sum(numbers)


@register.filter
def plain(number: float) -> str:
    """A number as SVG wants it, whatever the language."""
    return f"{number:g}"
