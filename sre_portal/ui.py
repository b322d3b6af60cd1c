"""Template tags of every page: icons, badges, times and sizes. A built-in library, so no template loads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.forms import BoundField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

register = template.Library()

# Outlines on a 24 × 24 grid. Severities differ in shape, because colour alone tells nothing to many readers.
ICONS: Mapping[str, str] = {
    "critical": '<path d="M8 2.5h8l5.5 5.5v8L16 21.5H8L2.5 16V8z"/><path d="M12 7.5v5.5M12 16.4v.1"/>',
    "high": '<path d="M12 3.2 22 20.5H2z"/><path d="M12 9.5v5M12 17.4v.1"/>',
    "medium": '<path d="M12 2.5 21.5 12 12 21.5 2.5 12z"/><path d="M12 8v4.5M12 15.9v.1"/>',
    "low": '<circle cx="12" cy="12" r="9.5"/><path d="M12 11v5.5M12 7.6v.1"/>',
    "ok": '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.3 3.2 3.2 5.8-6.6"/>',
    "none": '<circle cx="12" cy="12" r="9.5"/><path d="M8 12h8"/>',
    "brand": '<path d="M3 7.5 12 3l9 4.5-9 4.5z"/><path d="M3 12.2 7 14.2M21 12.2l-4 2"/>'
    '<path d="M3 16.8h5l2-3.4 3.4 6.4 2-3h5.6"/>',
    "minus": '<path d="M5 12h14"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5.5 5.5"/>',
    "copy": '<rect x="8.5" y="8.5" width="12" height="12" rx="2"/>'
    '<path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3"/>',
    "check": '<path d="m4.5 12.5 5 5 10-11"/>',
    "cross": '<path d="m6 6 12 12M18 6 6 18"/>',
    "globe": '<circle cx="12" cy="12" r="9.5"/><path d="M2.5 12h19M12 2.5c6 6 6 13 0 19M12 2.5c-6 6-6 13 0 19"/>',
    "theme": '<circle cx="12" cy="12" r="9.5"/><path d="M12 2.5v19a9.5 9.5 0 0 0 0-19z" fill="currentColor"/>',
    "user": '<circle cx="12" cy="8" r="4.5"/><path d="M3.5 21.5c1-5 4.5-7 8.5-7s7.5 2 8.5 7"/>',
    "chevron": '<path d="m6 9 6 6 6-6"/>',
    "arrow": '<path d="M4 12h15M13 6l6 6-6 6"/>',
    "file": '<path d="M6 2.500h8l5 5v14H6zM14 2.500v5h5"/><path d="M9 13h7M9 17h7"/>',
    "book": '<path d="M4 4.500c3-1.5 6-1 8 1 2-2 5-2.5 8-1v14c-3-1.5-6-1-8 1-2-2-5-2.5-8-1zM12 5.500v14"/>',
    "terminal": '<rect x="2.5" y="4" width="19" height="16" rx="2"/><path d="m6.5 9 3.5 3-3.5 3M12.5 15.500h5"/>',
    "clock": '<circle cx="12" cy="12" r="9.5"/><path d="M12 6.500V12l4 2.5"/>',
    "undo": '<path d="M8 5 3.5 9.5 8 14"/><path d="M3.5 9.500H14a6 6 0 0 1 0 12h-4"/>',
    "key": '<circle cx="7.5" cy="15.5" r="4.5"/><path d="M11 12 20.5 2.500M16 7l3.5 3.5"/>',
    "upload": '<path d="M12 16V4M7 9l5-5 5 5M4 16v4.500h16V16"/>',
    "refresh": '<path d="M20 11a8.5 8.5 0 1 0-2 6.500M20 4.500V11h-6.5"/>',
    "settings": '<path d="M4 7h9M19 7h1M4 17h1M11 17h9"/><circle cx="16" cy="7" r="2.5"/>'
    '<circle cx="8" cy="17" r="2.5"/>',
    "bell": '<path d="M6 16.500V10.500a6 6 0 0 1 12 0v6l2 2.500H4zM10 21.500h4"/>',
    "logout": '<path d="M14 4H5v16h9M10 12h11M17 8l4 4-4 4"/>',
    "branch": '<circle cx="6" cy="5" r="2.5"/><circle cx="6" cy="19" r="2.5"/><circle cx="18" cy="12" r="2.5"/>'
    '<path d="M6 7.5v9M6 9c0 2.500 5 3 9.500 3"/>',
    "scales": '<path d="M12 3v18M7 21h10M4 6.500h16M4 6.500l-2.500 7h5zM20 6.500l-2.500 7h5z"/>',
    "chart": '<path d="M3.5 3.500v17h17"/><path d="M8 16v-4M12.5 16V7M17 16v-6"/>',
    "link": '<path d="M10 13.500a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700l-1.500 1.500"/>'
    '<path d="M14 10.500a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700l1.500-1.500"/>',
    "eye": '<path d="M2 12c5-8.500 15-8.500 20 0-5 8.500-15 8.500-20 0z"/><circle cx="12" cy="12" r="3"/>',
    "lock": '<rect x="4.5" y="10.500" width="15" height="10.500" rx="2"/><path d="M8 10.500V7a4 4 0 0 1 8 0v3.500"/>',
    "up": '<path d="m6 15 6-6 6 6"/>',
    "chat": '<path d="M3 4.500h18v12H10l-5 4.500v-4.500H3z"/>',
}  # fmt: skip

SEVERITY_WORDS = {
    "critical": gettext_lazy("Critical"),
    "high": gettext_lazy("High"),
    "medium": gettext_lazy("Medium"),
    "low": gettext_lazy("Low"),
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon beside its word; it is hidden from screen readers."""
    shape = mark_safe(ICONS[name])  # noqa: S308 (our own constant)
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.9" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>',
        shape,
    )


@register.simple_tag
def severity_badge(severity: str) -> SafeString:
    """The severity as shape, word and colour; nothing for an incident without a verdict."""
    if severity not in SEVERITY_WORDS:
        return SafeString("")
    return format_html('<span class="badge is-{}">{}{}</span>', severity, icon(severity), SEVERITY_WORDS[severity])


@register.simple_tag
def meter(share: float | None) -> SafeString:
    """A bar from 0 to 1. SVG attributes instead of a style, which the content security policy forbids."""
    width = round(min(max(share or 0.0, 0.0), 1.0) * 100)
    return format_html(
        '<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect width="100" height="10" rx="3"/><rect width="{}" height="10" rx="3"/></svg>',
        width,
    )


@register.filter
def percent(share: float | None) -> str:
    return "" if share is None else f"{round(share * 100)}%"


@register.filter
def since(moment: datetime | None) -> SafeString:
    """A time as people say it, with the exact one behind it; the browser turns that into the viewer's zone."""
    if moment is None:
        return SafeString("")
    exact = date_format(timezone.localtime(moment), "Y-m-d H:i:s T")
    return format_html(
        '<time datetime="{}" title="{}" data-local="title">{}</time>', moment.isoformat(), exact, _ago(moment)
    )


@register.filter
def exact(moment: datetime | None) -> SafeString:
    """A time to the second, in the portal's zone until the browser puts it into the viewer's."""
    if moment is None:
        return SafeString("")
    shown = date_format(timezone.localtime(moment), "Y-m-d H:i:s T")
    return format_html('<time datetime="{}" data-local="text">{}</time>', moment.isoformat(), shown)


def _ago(moment: datetime) -> str:
    seconds = int((timezone.now() - moment).total_seconds())
    if seconds < 60:
        return _("just now")
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    if days < 1:
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    if days < 15:
        return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}
    return date_format(timezone.localtime(moment), "Y-m-d")


@register.filter
def bytes_text(count: int) -> str:
    """A size in the units that people read and Redis counts in, powers of 1024: 512 B, 1.2 KB, 3.4 MB."""
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField) -> dict[str, BoundField]:
    """A form field with its label, help and errors, tied together for screen readers."""
    return {"field": bound}
