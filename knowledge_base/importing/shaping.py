"""From what a file says to the fields of a document: names mapped, what is missing guessed, nothing dropped. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from knowledge_base.document_fields import CHOICES, CLEANERS, READ_ONLY
from knowledge_base.importing.guessing import choice_meant, field_named, guess_category
from knowledge_base.importing.verdicts import Sourced

STATUSES = CHOICES["status"].values
PREFIX = re.compile(r"^[0-9]{1,3}[-_. ]+")  # 01-eviction.md


def shape(stated: Mapping[str, Any], *, name: str, digest: str = "", pk: str = "", draft_only: bool = False) -> Sourced:
    """The row for a file's document. `pk` is the identifier it is known by, where it states none."""
    fields, others = _mapped(stated)
    remarks: list[str] = []
    if others:
        fields["notes"] = "\n\n".join(filter(None, (str(fields.get("notes") or ""), _listed(others))))
    if not fields.get("title"):
        fields["title"] = title_from(name)
        remarks.append(_("The title was made from the file's name."))
    if not fields.get("category"):
        fields["category"] = _category(fields, name)
        remarks.append(_("The category was guessed: %(name)s.") % {"name": fields["category"]})
        draft_only = True
    if not fields.get("id"):
        fields["id"] = pk or id_from_path(name)
    return Sourced(fields, source=name, digest=digest, remarks=tuple(remarks), draft_only=draft_only)


def _mapped(stated: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is stated under our names, and what we have no field for."""
    fields: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, value in stated.items():
        field = name if name in CLEANERS else field_named(name)
        if name in READ_ONLY or value in (None, "", [], {}):
            continue
        if not field or field in fields or (field == "status" and value not in STATUSES):
            others[str(name)] = value
        else:
            fields[field] = _value(field, value)
    return fields, others


def _value(field: str, value: Any) -> Any:
    if field == "tags" and isinstance(value, str):
        return [tag.strip().lstrip("#") for tag in re.split(r"[,;\n]", value) if tag.strip()]
    if field == "owner" and isinstance(value, list):
        return ", ".join(map(str, value))
    return choice_meant(field, value)


def _listed(others: Mapping[str, Any]) -> str:
    """What we have no field for, as a list in the notes."""
    return "\n".join(f"- {name}: {value}" for name, value in others.items())


def _category(fields: Mapping[str, Any], name: str) -> str:
    """By the folder's name, by the words of the text, or the one that most questions are about."""
    for folder in reversed(PurePosixPath(name).parts[:-1]):
        if folder.lower() in CHOICES["category"].values:
            return folder.lower()
    texts = (str(fields.get(part) or "") for part in ("title", "tags", "symptoms", "root_causes", "solutions", "notes"))
    return guess_category(" ".join(texts)) or "performance"


def title_from(name: str) -> str:
    stem = PREFIX.sub("", PurePosixPath(name).stem)
    return re.sub(r"[-_\s]+", " ", stem).strip().capitalize() or name


def id_from_path(name: str) -> str:
    """A readable identifier that stays while the file stays where it is, whatever its title says."""
    path = PurePosixPath(name).with_suffix("").as_posix()
    words = re.sub(r"[^\w.]+", "-", path.lower()).strip("-_.")
    return words[-110:].strip("-_.") or "document"
