"""A drawing as plain shapes, which SVG and PDF writers both know how to draw. The origin is the upper left corner."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    tone: str = "line"
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float
    tone: str = "accent"
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    tone: str = "accent"


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str
    tone: str = "ink"
    size: float = 11.0
    anchor: str = "start"  # start, middle, end


Shape = Line | Dot | Box | Label


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its words: `alt` says in a sentence what it shows, `table` holds the same as text."""

    name: str
    title: str
    alt: str
    width: float
    height: float
    shapes: tuple[Shape, ...]
    table: tuple[tuple[str, ...], ...] = ()  # the head first


def as_svg(figure: Figure) -> SafeString:
    """The drawing for a page. Colours are classes, because the content security policy forbids inline styles."""
    return format_html(
        '<svg class="figure" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        f"{figure.width:g}", f"{figure.height:g}", figure.alt,
        format_html_join("", "{}", ((_svg(shape),) for shape in figure.shapes)),
    )  # fmt: skip


def _svg(shape: Shape) -> SafeString:
    match shape:
        case Line():
            return format_html(
                '<line class="stroke-{}" x1="{}" y1="{}" x2="{}" y2="{}" stroke-width="{}"/>',
                shape.tone, _n(shape.x1), _n(shape.y1), _n(shape.x2), _n(shape.y2), _n(shape.width),
            )  # fmt: skip
        case Dot():
            look = "hollow stroke" if shape.hollow else "fill"
            return format_html(
                '<circle class="{}-{}" cx="{}" cy="{}" r="{}"/>',
                look, shape.tone, _n(shape.x), _n(shape.y), _n(shape.radius),
            )  # fmt: skip
        case Box():
            return format_html(
                '<rect class="fill-{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>',
                shape.tone, _n(shape.x), _n(shape.y), _n(shape.width), _n(shape.height),
            )  # fmt: skip
        case Label():
            return format_html(
                '<text class="fill-{}" x="{}" y="{}" font-size="{}" text-anchor="{}">{}</text>',
                shape.tone, _n(shape.x), _n(shape.y), _n(shape.size), shape.anchor, shape.text,
            )  # fmt: skip


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
