"""Stylesheets joined into one file per kind of page: a browser paints nothing before it has them all.

`settings.STATIC_BUNDLES` tells what goes into which. They are joined when static files are looked for or collected, so
nobody runs a build, and `{% static %}` names them like any other file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage, Storage


class BundleFinder(finders.BaseFinder):
    """Finds joined files. Their parts are found by the other finders."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.DATA_DIR / "bundles")

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [str(self._joined(path))] if path in settings.STATIC_BUNDLES else []
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path in settings.STATIC_BUNDLES:
            self._joined(path)
            yield path, self.storage

    def _joined(self, path: str) -> Path:
        """Join the parts of a bundle, unless that is done already."""
        target = Path(self.storage.path(path))
        text = "".join(_part(name) for name in settings.STATIC_BUNDLES[path])
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f"{target.name}.{os.getpid()}")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(target)  # at once: another process may be reading it
        return target


def _part(name: str) -> str:
    found = finders.find(name)
    if found is None:
        raise FileNotFoundError(f"{name} of a bundle of stylesheets")
    return f"/* {name} */\n{Path(str(found)).read_text(encoding='utf-8')}\n"
