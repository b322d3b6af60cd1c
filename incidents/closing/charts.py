"""The reliability chart: of reports that were so sure, how many were right."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from incidents.closing.documents.shapes import Box, Dot, Figure, Label, Line, Shape
from incidents.closing.outcomes import Bar, Reliability

WIDE, HIGH = 420.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 16.0, 24.0, 44.0
STEPS = 5


def reliability_figure(row: Reliability) -> Figure | None:
    """Bars of what came true beside the line of honest confidence. None without outcomes."""
    if not row.bars:
        return None
    shapes: list[Shape] = [*_axes(), *(shape for bar in row.bars for shape in _bar(bar))]
    alt = _("%(outcomes)d outcomes: said %(confidence)s, right %(right)s.") % {
        "outcomes": row.outcomes, "confidence": f"{row.confidence:.0%}", "right": f"{row.right:.0%}",
    }  # fmt: skip
    table = [(_("Confidence"), _("Outcomes"), _("Said"), _("Right"))]
    table += [
        (f"{bar.low:.0%}–{bar.high:.0%}", str(bar.outcomes), f"{bar.confidence:.0%}", f"{bar.right:.0%}")
        for bar in row.bars
    ]
    return Figure("reliability", row.label, alt, WIDE, HIGH, tuple(shapes), tuple(table))


def _x(share: float) -> float:
    return LEFT + (WIDE - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * share


def _axes() -> Iterator[Shape]:
    for step in range(STEPS + 1):
        share = step / STEPS
        yield Line(_x(0), _y(share), _x(1), _y(share), "line")
        yield Label(LEFT - 6, _y(share) + 4, f"{share:.0%}", "muted", 10, "end")
        yield Label(_x(share), HIGH - BOTTOM + 16, f"{share:.0%}", "muted", 10, "middle")
    yield Line(_x(0), _y(0), _x(1), _y(1), "muted", 1.5)
    yield Label(_x(0.5), HIGH - 8, _("Confidence of the report"), "muted", 11, "middle")


def _bar(bar: Bar) -> Iterator[Shape]:
    """A bar as high as what was right; a ring where honest confidence would have been."""
    tone = "high" if bar.right < bar.confidence - 0.1 else "accent"
    wide = (_x(0.1) - _x(0)) * 0.7
    x = _x((bar.low + bar.high) / 2)
    yield Box(x - wide / 2, _y(bar.right), wide, max(_y(0) - _y(bar.right), 1.0), tone)
    yield Dot(x, _y(bar.confidence), 4, "ink", hollow=True)
    yield Label(x, _y(bar.right) - 5, str(bar.outcomes), "ink", 10, "middle")
