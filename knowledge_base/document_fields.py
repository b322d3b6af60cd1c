"""Bring what people and programs send as a document into its one form, or say field by field why it can't be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from knowledge_base.document_format import STEP_FIELDS
from knowledge_base.models import DOCUMENT_ID, KnowledgeDocument
from knowledge_base.tokens import language_of

LISTS = ("symptoms", "root_causes", "prevention", "related_metrics", "tags", "preconditions", "questions", "sources")
CHOICES = {
    "kind": KnowledgeDocument.Kind,
    "language": KnowledgeDocument.Language,
    "category": KnowledgeDocument.Category,
    "severity": KnowledgeDocument.Severity,
    "status": KnowledgeDocument.Status,
}
# Words of other portals for our kinds.
KIND_NAMES = {
    "guide": "troubleshooting", "faq": "troubleshooting", "howto": "runbook", "policy": "runbook",
    "playbook": "runbook", "procedure": "runbook", "postmortem": "case", "incident": "case",
}  # fmt: skip
RISKS = ("", "read-only", "changes-settings", "blocks", "loses-data")
# Where a document applies; and, for one of the house: the systems it governs, what it forbids and requires there.
APPLIES_TO_LISTS = ("products", "topologies", "governs", "labels", "forbids", "requires", "supersedes")
APPLIES_TO_TEXTS = ("versions", "superseded_by", "valid_until")
LONGEST_LIST = 200
LONGEST_TEXT = 20_000
LONGEST_NOTES = 500_000
PLAIN = {"id": 120, "topic": 80, "title": 300, "owner": 120, "notes": LONGEST_NOTES}
READ_ONLY = {
    "created_at",
    "updated_at",
    "revision",
    "content_hash",
    "origin",
    "index_state",
    "url",
    "draft",
    "held_back",
}

Errors = dict[str, list[str]]


class InvalidDocument(Exception):
    """What was sent is no document. `errors` says why, field by field."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{field}: {' '.join(reasons)}" for field, reasons in errors.items()))


def clean_fields(raw: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The fields in their one form. Absent ones get defaults unless `partial`. Raises InvalidDocument."""
    errors: Errors = {}
    cleaned: dict[str, Any] = {}
    for name, value in raw.items():
        if name in READ_ONLY:
            continue
        cleaner = CLEANERS.get(name)
        if cleaner is None:
            errors[name] = [_("There is no such field.")]
            continue
        try:
            cleaned[name] = cleaner(name, value)
        except ValueError as exc:
            errors[name] = [str(exc)]
    if not partial:
        _complete(cleaned, errors)
    if errors:
        raise InvalidDocument(errors)
    return cleaned


def forgiven_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a team's own file: what no field of ours can hold is left out, the document is not."""
    known = {name: value for name, value in raw.items() if name in CLEANERS}
    try:
        return clean_fields(known)
    except InvalidDocument as exc:
        kept = {name: value for name, value in known.items() if name not in exc.errors}
        return clean_fields({"title": kept.get("id", "-"), "category": "memory", **kept})


def _complete(cleaned: dict[str, Any], errors: Errors) -> None:
    for name in ("title", "category"):
        if not cleaned.get(name) and name not in errors:
            errors[name] = [_("This field is needed.")]
    if not cleaned.get("language") and "language" not in errors:
        cleaned["language"] = language_of(" ".join((str(cleaned.get("title")), str(cleaned.get("notes", "")))))
    if not cleaned.get("id") and "id" not in errors:
        cleaned["id"] = id_from_title(str(cleaned.get("title", "")), cleaned["language"]) if not errors else ""


def id_from_title(title: str, language: str) -> str:
    """A readable identifier, the same for the same title."""
    words = re.sub(r"[^\w]+", "-", title.lower()).strip("-_")[:90].strip("-_")
    return f"{words or 'document'}-{language}"


def _plain(name: str, value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError(_("This must be a text."))
    text = "" if value is None else str(value).replace("\x00", "").strip()
    if len(text) > PLAIN[name]:
        raise ValueError(_("This is longer than %(limit)d characters.") % {"limit": PLAIN[name]})
    return text


def _id(name: str, value: Any) -> str:
    text = _plain(name, value)
    if text:
        try:
            DOCUMENT_ID(text)
        except ValidationError as exc:
            raise ValueError(" ".join(exc.messages)) from None
    return text


def _choice(name: str, value: Any) -> str:
    text = str(value or "").strip().lower()
    if name == "kind":
        text = KIND_NAMES.get(text, text)
    if text in CHOICES[name].values:
        return text
    raise ValueError(
        _("%(value)s is none of: %(choices)s.") % {"value": repr(value), "choices": ", ".join(CHOICES[name].values)}
    )


def _list(name: str, value: Any) -> list[str]:
    lines = [_short(line) for line in _entries(value)]
    return [line for line in lines if line]


def _entries(value: Any) -> list[Any]:
    """A list; or one text, whose lines count as entries."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        value = value.splitlines()
    if not isinstance(value, (list, tuple)):
        raise ValueError(_("This must be a list."))
    if len(value) > LONGEST_LIST:
        raise ValueError(_("This has more than %(limit)d entries.") % {"limit": LONGEST_LIST})
    return list(value)


def _short(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError(_("Each entry must be a text."))
    text = "" if value is None else str(value).replace("\x00", "").strip()
    if len(text) > LONGEST_TEXT:
        raise ValueError(_("An entry is longer than %(limit)d characters.") % {"limit": LONGEST_TEXT})
    return text


def _steps(name: str, value: Any) -> list[dict[str, str]]:
    return [step for entry in _entries(value) if any((step := _step(name, entry)).values())]


def _step(name: str, entry: Any) -> dict[str, str]:
    """A step; a bare text is one without a command."""
    step = dict.fromkeys(STEP_FIELDS[name], "")
    if isinstance(entry, str):
        return {**step, "text": _short(entry)}
    if not isinstance(entry, Mapping):
        raise ValueError(_("Each step must be a text or an object."))
    for key, value in entry.items():
        key = {"description": "text", "step": "text", "title": "text", "commands": "command"}.get(key, key)
        if key not in step:
            raise ValueError(_("A step has %(known)s, but not %(key)s.") % {"known": ", ".join(step), "key": repr(key)})
        step[key] = "\n".join(map(_short, value)) if isinstance(value, list) else _short(value)
    if step.get("risk", "") not in RISKS:
        raise ValueError(
            _("The risk %(risk)s is none of: %(known)s.") % {"risk": repr(step["risk"]), "known": ", ".join(RISKS[1:])}
        )
    return step


def _applies_to(name: str, value: Any) -> dict[str, Any]:
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(_("This must be an object with products, versions and topologies."))
    unknown = sorted(set(value) - {*APPLIES_TO_LISTS, *APPLIES_TO_TEXTS})
    if unknown:
        raise ValueError(
            _("This has %(known)s, but not %(names)s.")
            % {"known": ", ".join((*APPLIES_TO_LISTS, *APPLIES_TO_TEXTS)), "names": ", ".join(unknown)}
        )
    cleaned: dict[str, Any] = {key: _list(key, value[key]) for key in APPLIES_TO_LISTS if value.get(key)}
    cleaned.update((key, _short(value[key])) for key in APPLIES_TO_TEXTS if value.get(key))
    return cleaned


def _date(name: str, value: Any) -> Any:
    from django.utils.dateparse import parse_date

    if not value:
        return None
    if hasattr(value, "isoformat"):
        return value
    parsed = parse_date(str(value))
    if parsed is None:
        raise ValueError(_("This must be a date such as 2026-01-31."))
    return parsed


CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(PLAIN, _plain),
    **dict.fromkeys(CHOICES, _choice),
    **dict.fromkeys(LISTS, _list),
    **dict.fromkeys(STEP_FIELDS, _steps),
    "id": _id,
    "applies_to": _applies_to,
    "review_by": _date,
}
