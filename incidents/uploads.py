"""Uploaded files as texts, archives unpacked. Whatever can't be used gets one clear sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from incidents.diagnostics.archive import UnpackError, is_archive, unpack
from incidents.diagnostics.decoding import DecodeError, decode_text
from incidents.diagnostics.intake import UploadedText
from incidents.language import current_language


class UnusableUpload(ValueError):
    """The file can't be read as text; the message says why, to the person who sent it."""


@dataclass(slots=True)
class Uploads:
    """What came out of some files: the texts, entries of archives that were left out, and complaints."""

    texts: list[UploadedText] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def read_uploads(files: Iterable[UploadedFile]) -> Uploads:
    uploads = Uploads()
    for file in files:
        name = file.name or _("The file")
        try:
            if file.size and file.size > settings.UPLOAD_LIMIT_BYTES:
                raise UnusableUpload(too_large(name, file.size))
            add_bytes(uploads, name, file.read())
        except UnusableUpload as exc:
            uploads.complaints.append(str(exc))
    return uploads


def add_bytes(uploads: Uploads, name: str, content: bytes) -> None:
    """Add the text, or the texts of an archive. Raise UnusableUpload."""
    try:
        if is_archive(content):
            unpacked = unpack(name, content)
            uploads.texts += unpacked.files
            uploads.left_out += [skipped.name for skipped in unpacked.skipped]
        else:
            uploads.texts.append(UploadedText(name, decode_text(content, max_bytes=settings.UPLOAD_LIMIT_BYTES)))
    except (DecodeError, UnpackError) as exc:
        raise UnusableUpload(f"{name}: {exc.text.say(current_language())}") from exc


def too_large(name: str, size: int) -> str:
    return _("%(name)s has %(size)s; one text may have up to %(limit)s. Cut out the part around the incident.") % {
        "name": name, "size": filesizeformat(size), "limit": filesizeformat(settings.UPLOAD_LIMIT_BYTES),
    }  # fmt: skip
