"""Exactly one process owns an embedded vector directory.

Chroma itself does not object to a second opener: readers go stale and writers lose vectors, both silently. So the owner
holds a lock file for as long as it lives; the kernel releases it even after kill -9.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from knowledge_base.vector_store.base import VectorStoreOwned

LOCK_NAME = "owner.lock"


class DirectoryLock:
    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Raises VectorStoreOwned with the process that holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(file)
            file.close()
            raise VectorStoreOwned(
                f"The vector directory {self._path.parent} belongs to the running process {holder}; "
                "this process leaves it alone. Set CHROMA_URL to share vectors between processes."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()  # closing gives the lock back; the file stays, so that nobody locks a deleted one
            self._file = None


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip() or "?"
