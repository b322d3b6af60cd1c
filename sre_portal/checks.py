"""Checks of an installation that Django does not know: who owns the index, where data lives, what pages may load."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

LOOSE = ("'unsafe-inline'", "'unsafe-eval'", "*")


@register(Tags.database)
def one_process_owns_the_index(**kwargs: Any) -> Iterable[CheckMessage]:
    """Two processes over one Chroma directory lose vectors without a word, so several need a Chroma server."""
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    if workers.isdecimal() and int(workers) > 1 and not settings.CHROMA_URL:
        yield Error(
            f"WEB_CONCURRENCY is {workers}, but the embedded Chroma directory may belong to one process only.",
            hint="Serve with one process (it has threads and many streams), or run a Chroma server and set CHROMA_URL.",
            id="sre_portal.E001",
        )


@register(Tags.files)
def data_directory_can_be_written(**kwargs: Any) -> Iterable[CheckMessage]:
    path = Path(settings.DATA_DIR)
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield Error(
            f"DATA_DIR is {str(path)!r}, where this user can't write.",
            hint="Name another directory, or give this user the right to write there.",
            id="sre_portal.E002",
        )


@register(Tags.security)
def pages_load_nothing_inline(**kwargs: Any) -> Iterable[CheckMessage]:
    """Evidence is hostile text. The content security policy is what stands behind the escaping."""
    directives: dict[str, list[str]] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]  # type: ignore[assignment]
    for name in ("script-src", "style-src", "default-src"):
        loose = [source for source in directives.get(name, ()) if str(source) in LOOSE]
        if loose:
            yield Error(f"The content security policy allows {', '.join(loose)} in {name}.", id="sre_portal.E003")


@register(Tags.security, deploy=True)
def secret_key_is_private(**kwargs: Any) -> Iterable[CheckMessage]:
    """The key that was made on the first start signs sessions: nobody else on the machine may read it."""
    file = Path(settings.DATA_DIR) / "secret_key"
    if file.exists() and file.stat().st_mode & 0o077:
        yield Warning(
            f"{file} can be read by other users of this machine.", hint=f"chmod 600 {file}", id="sre_portal.W001"
        )
