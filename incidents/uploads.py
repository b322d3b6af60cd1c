"""Uploaded files as texts. Whatever can't be used gets one clear sentence."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from incidents.diagnostics.intake import UploadedText


class UnusableUpload(ValueError):
    """The file can't be read as text; the message says why, to the person who sent it."""


def read_uploads(files: Iterable[UploadedFile]) -> tuple[list[UploadedText], list[str]]:
    """The texts of all usable files, and a sentence for each of the others."""
    texts: list[UploadedText] = []
    complaints: list[str] = []
    for file in files:
        try:
            texts += read_upload(file)
        except UnusableUpload as exc:
            complaints.append(str(exc))
    return texts, complaints


def read_upload(file: UploadedFile) -> list[UploadedText]:
    """The texts of one file. Raise UnusableUpload."""
    name = file.name or _("The file")
    if file.size and file.size > settings.UPLOAD_LIMIT_BYTES:
        raise UnusableUpload(too_large(name, file.size))
    return texts_of(name, file.read())


def texts_of(name: str, content: bytes) -> list[UploadedText]:
    """The text in some bytes. Raise UnusableUpload."""
    if not content.strip():
        raise UnusableUpload(_("%(name)s is empty.") % {"name": name})
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return [UploadedText(name, text)]
    raise UnusableUpload(
        _("%(name)s is not text. Logs and command output are welcome, also as .gz; dumps and pictures are not.")
        % {"name": name}
    )


def too_large(name: str, size: int) -> str:
    return _("%(name)s has %(size)s; one text may have up to %(limit)s. Cut out the part around the incident.") % {
        "name": name, "size": filesizeformat(size), "limit": filesizeformat(settings.UPLOAD_LIMIT_BYTES),
    }  # fmt: skip
