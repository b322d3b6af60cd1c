"""Knowledge documents as Markdown with front matter: read from files, written back for export.

Reading is forgiving (teams bring their own runbooks): what fits no section is kept as notes, nothing is dropped.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml

FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
HEADING = re.compile(r"^(#{1,3})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
BULLET = re.compile(r"^[-*+][ \t]+")
NUMBER = re.compile(r"^\d{1,3}[.)][ \t]+")
FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
RISK = re.compile(r"^\[(read-only|changes-settings|blocks|loses-data)\][ \t]*", re.IGNORECASE)
LABEL = re.compile(r"^([^\W\d_]{2,12})[ \t]*[::][ \t]*")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast
STEP_FIELDS = {
    "diagnosis_steps": ("text", "command", "expect"),
    "solutions": ("text", "command", "risk", "verify", "undo"),
}
FRONT_FIELDS = (
    "id", "kind", "language", "topic", "category", "severity", "title", "tags", "related_metrics", "applies_to",
    "preconditions", "questions", "sources",
)  # fmt: skip
# What a document of the house may also say at the top level of its front matter.
HOUSE_FIELDS = ("governs", "forbids", "requires", "supersedes", "superseded_by", "valid_until")
HOUSE_LABELS = ("tier", "env", "environment")
CARE_FIELDS = ("status", "owner", "review_by")  # in packs only


@cache
def _names() -> dict[str, dict[str, dict[str, list[str]]]]:
    file = resources.files("knowledge_base").joinpath("document_sections.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _field_of(kind: str) -> dict[str, str]:
    """Every way to write a section's or a label's name, lower case, with the field it means."""
    table = _names()[kind]
    return {name.lower(): field for field, names in table.items() for listed in names.values() for name in listed}


def section_named(heading: str) -> str:
    """The field that a heading means; empty when it is none of ours."""
    return _field_of("sections").get(_plain(heading), "")


class UnreadableDocument(ValueError):
    """A file that is no knowledge document. The message says why, for the person who brought it."""


def read_markdown(text: str) -> dict[str, Any]:
    """The fields of a document. Raises UnreadableDocument when there is no text at all."""
    text = text.replace("\r\n", "\n").lstrip("\ufeff")
    if not text.strip():
        raise UnreadableDocument("The file is empty.")
    front = FRONT_MATTER.match(text)
    fields = _with_scope(_front_matter(front.group(1))) if front else {}
    body = text[front.end() :] if front else text
    for field, value in _sections(body, fields).items():
        fields[field] = value
    return fields


def _front_matter(block: str) -> dict[str, Any]:
    try:
        loaded = yaml.load(block, LOADER)  # noqa: S506  (a safe loader)
    except yaml.YAMLError:
        loaded = _plain_lines(block)
    return {str(key): value for key, value in loaded.items()} if isinstance(loaded, dict) else {}


def _with_scope(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with what a house rule says of its scope under `applies_to`, where its own form has it."""
    written = fields.get("applies_to")
    stated: dict[str, Any] = dict(written) if isinstance(written, dict) else {}
    stated = {key: fields.pop(key) for key in HOUSE_FIELDS if fields.get(key)} | stated
    if isinstance(fields.get("labels"), dict):  # a list of them is what other tools call tags
        stated = {"labels": fields.pop("labels")} | stated
    labels = _labels(stated.get("labels")) + [f"{key}={fields.pop(key)}" for key in HOUSE_LABELS if fields.get(key)]
    if labels:
        stated["labels"] = labels
    return fields | {"applies_to": stated} if stated else fields


def _labels(stated: Any) -> list[str]:
    """Labels as `key=value`, however they were written."""
    if isinstance(stated, dict):
        pairs = [(key, value if isinstance(value, list) else [value]) for key, value in stated.items()]
        return [f"{key}={one}" for key, values in pairs for one in values]
    return [str(one) for one in stated] if isinstance(stated, list) else [str(stated)] if stated else []


def _plain_lines(block: str) -> dict[str, Any]:
    """Front matter that is no YAML, mostly for a colon in the title: one `key: value` per line."""
    fields: dict[str, Any] = {}
    for line in block.splitlines():
        key, colon, value = line.partition(":")
        if not colon or not key.strip().replace("_", "").isalnum() or key[:1].isspace():
            continue
        try:
            read = yaml.load(value, LOADER)  # noqa: S506
        except yaml.YAMLError:
            read = None
        fields[key.strip()] = read if isinstance(read, list) else value.strip().strip("\"'")
    return fields


def _sections(body: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the headings name. Text before the first and under unknown headings becomes notes."""
    found: dict[str, Any] = {}
    notes: list[str] = []
    for heading, text in _split(body):
        field = _field_of("sections").get(_plain(heading))
        if heading and field is None and heading.startswith("# ") and not fields.get("title"):
            found["title"] = heading.lstrip("# ").strip()
            notes.append(text)
        elif field is None or field == "notes":
            notes.append(text if field else f"{heading}\n\n{text}".strip())
        elif field in STEP_FIELDS:
            found[field] = found.get(field, []) + [_step(line, field) for line in _entries(text)]
        else:
            found[field] = found.get(field, []) + [_joined(line) for line in _entries(text)]
    kept = "\n\n".join(note.strip() for note in notes if note.strip())
    if kept:
        found["notes"] = kept
    return found


def _plain(heading: str) -> str:
    return heading.lstrip("# ").strip().rstrip(":").lower()


def _split(body: str) -> Iterator[tuple[str, str]]:
    """Pairs of heading (empty for the text before the first) and text. A "#" inside a fence is no heading."""
    heading, fence = "", ""
    lines: list[str] = []
    for line in body.split("\n"):
        mark = FENCE.match(line)
        if mark:
            fence = "" if fence and line.strip().startswith(fence) else fence or mark.group(1)
        if not fence and HEADING.match(line):
            yield heading, "\n".join(lines).strip("\n")
            heading, lines = line.strip(), []
        else:
            lines.append(line)
    yield heading, "\n".join(lines).strip("\n")


def _entries(text: str) -> Iterator[str]:
    """The entries of a section: bullets or numbered steps with all that hangs below them, or else its paragraphs."""
    lines = text.split("\n")
    starts = BULLET if any(BULLET.match(line) for line in lines) else None
    starts = NUMBER if any(NUMBER.match(line) for line in lines) else starts
    if starts is None:
        yield from (part.strip() for part in text.split("\n\n") if part.strip())
        return
    entry: list[str] = []
    fenced = False
    for line in lines:
        fenced ^= bool(FENCE.match(line))
        if not fenced and starts.match(line):
            if "".join(entry).strip():
                yield "\n".join(entry)
            entry = [starts.sub("", line, count=1)]
        else:
            entry.append(line)
    if "".join(entry).strip():
        yield "\n".join(entry)


def _joined(entry: str) -> str:
    """A bullet on one line; the code in it keeps its own."""
    if "```" in entry:
        return _dedented(entry)
    return " ".join(entry.split())


def _dedented(entry: str) -> str:
    return "\n".join(line.strip() for line in entry.split("\n") if line.strip())


def _step(entry: str, field: str) -> dict[str, str]:
    """A step: its sentence, its fenced command, and the lines that say what to expect, verify and undo."""
    step = dict.fromkeys(STEP_FIELDS[field], "")
    parts: dict[str, list[str]] = {}
    at, fenced, indent = "text", False, 0
    for line in entry.split("\n"):
        if FENCE.match(line):
            fenced, indent = not fenced, len(line) - len(line.lstrip())
            continue
        if fenced:
            parts.setdefault("command", []).append(line[indent:] if not line[:indent].strip() else line.strip())
            continue
        at, said = _labelled(line.strip(), at, step)
        if said:
            parts.setdefault(at, []).append(said)
    for name, lines in parts.items():
        step[name] = "\n".join(lines).strip("\n") if name == "command" else " ".join(lines)
    risk = RISK.match(step["text"])
    if risk and "risk" in step:
        step["risk"], step["text"] = risk.group(1).lower(), step["text"][risk.end() :]
    return step


def _labelled(line: str, at: str, step: Mapping[str, str]) -> tuple[str, str]:
    """The field that a line belongs to, and the line without its label. A line without one continues the last."""
    label = LABEL.match(line)
    field = _field_of("labels").get(label.group(1).lower(), "") if label else ""
    if label is None or field not in step:
        return at, line
    return field, line[label.end() :]


def write_markdown(fields: Mapping[str, Any]) -> str:
    """The file of a document. Reading it back gives the same fields."""
    language = "ko" if fields.get("language") == "ko" else "en"
    front = {name: fields[name] for name in (*FRONT_FIELDS, *CARE_FIELDS) if fields.get(name)}
    block = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=1_000)
    parts = [f"---\n{block}---"]
    for field, names in _names()["sections"].items():
        value = fields.get(field)
        if value:
            parts.append(f"## {names[language][0]}\n\n{_written(field, value, language)}")
    return "\n\n".join(parts) + "\n"


def write_steps(steps: Sequence[Mapping[str, str]], language: str = "en") -> str:
    """Steps as the numbered Markdown of a section."""
    return "\n".join(_written_step(number, step, language) for number, step in enumerate(steps, start=1))


def _written(field: str, value: Any, language: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if field in STEP_FIELDS:
        return write_steps(value, language)
    return "\n".join(f"- {line}".replace("\n", "\n  ") for line in value)


def _written_step(number: int, step: Mapping[str, str], language: str) -> str:
    risk = f"[{step['risk']}] " if step.get("risk") else ""
    lines = [f"{number}. {risk}{step.get('text', '')}"]
    if step.get("command"):
        lines += ["   ```sh", *(f"   {line}" for line in step["command"].split("\n")), "   ```"]
    for name, labels in _names()["labels"].items():
        if step.get(name):
            lines.append(f"   {labels[language][0]}: {step[name]}")
    return "\n".join(lines)
