"""Markdown with front matter, and as Confluence and Notion export it: no front matter, identifiers in names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from knowledge_base.document_format import FRONT_MATTER, UnreadableDocument, read_markdown
from knowledge_base.importing.guessing import field_named
from knowledge_base.importing.shaping import shape
from knowledge_base.importing.sources import SourceFile, refused
from knowledge_base.importing.verdicts import Sourced

NOTION = re.compile(r"^(?P<title>.*?)[ _-]*(?P<id>[0-9a-f]{32})$")
CONFLUENCE = re.compile(r"^(?P<title>.*?)[_-]?(?P<id>[0-9]{5,12})$")
HEADING = re.compile(r"\A\s*# +(?P<title>[^\n]+)\n+", re.MULTILINE)
PROPERTY = re.compile(r"^(?P<name>[^\W_][^:\n|#*`]{0,40}): +(?P<value>\S[^\n]*)$")
TABLE_ROW = re.compile(r"^\|(?P<cells>.+)\|\s*$")
BYLINE = re.compile(
    r"^(?:Created by|Created and last modified by|Last updated by|작성자|최종 수정)\b[^\n]{0,200}$", re.MULTILINE
)
MACRO = re.compile(r"^\s*(?:\[TOC\]|\{toc[^}]*\}|\[\[_TOC_\]\])\s*$", re.MULTILINE)
EMPTY_ANCHOR = re.compile(r"<a (?:name|id)=\"[^\"]*\">\s*</a>")


def read(file: SourceFile, text: str, *, digest: str = "", pk: str = "") -> Iterator[Sourced]:
    text = text.replace("\r\n", "\n").lstrip("\ufeff")
    try:
        if FRONT_MATTER.match(text):
            yield shape(read_markdown(text), name=file.name, digest=digest, pk=pk)
        else:
            yield _bare(file, text, digest, pk)
    except UnreadableDocument:
        yield refused(file.name, _("The file is empty."))


def _bare(file: SourceFile, text: str, digest: str, pk: str) -> Sourced:
    """A page without front matter. Its properties stand below its title, in lines or in a table."""
    stem = PurePosixPath(file.name).stem
    wiki, page, title = wiki_page(stem)
    heading = HEADING.match(text)
    stated: dict[str, Any] = {"title": heading["title"].strip() if heading else title}
    body = text[heading.end() :] if heading else text
    properties, body = _properties(body)
    fields = read_markdown(_tidied(body) or stated["title"])
    fields.pop("title", None)
    return shape(
        {**properties, **stated, **fields}, name=file.name, digest=digest, pk=pk or page, draft_only=wiki or not fields
    )


def wiki_page(stem: str) -> tuple[bool, str, str]:
    """Whether a file's name is that of a wiki's export, the page's identifier, and its title."""
    for wiki, pattern in (("notion", NOTION), ("confluence", CONFLUENCE)):
        match = pattern.match(stem)
        if match:
            return True, f"{wiki}-{match['id']}", match["title"].replace("-", " ").replace("_", " ").strip()
    return False, "", ""


def _properties(body: str) -> tuple[dict[str, Any], str]:
    """The properties at the top of a page, and the rest. Only a block in which we know a name counts."""
    block, _, rest = body.lstrip("\n").partition("\n\n")
    lines = [line for line in block.split("\n") if line.strip()]
    found = _pairs(lines) or _table(lines)
    if found and any(field_named(name) for name in found):
        return found, rest
    return {}, body


def _pairs(lines: list[str]) -> dict[str, Any]:
    matches = [PROPERTY.match(line) for line in lines]
    return {match["name"].strip(): match["value"].strip() for match in matches if match} if all(matches) else {}


def _table(lines: list[str]) -> dict[str, Any]:
    """A table of two columns, name and value."""
    rows = [_cells(match["cells"]) for line in lines if (match := TABLE_ROW.match(line))]
    rows = [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]
    if len(rows) < 1 or any(len(row) != 2 for row in rows) or len(lines) < len(rows):
        return {}
    return {name: value for name, value in rows if name and value}


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("*").strip() for cell in line.split("|")]


def _tidied(body: str) -> str:
    return MACRO.sub("", EMPTY_ANCHOR.sub("", BYLINE.sub("", body))).strip()
