"""SQLite lets one write at a time: threads of this process queue for it here instead of trying again and again.

With a hundred runs at once the unlucky ones among those that try again found no gap for 20 s and gave up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_turn = threading.RLock()


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait for this thread's turn to write. To be used outside of a transaction, or two could wait for each other."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with _turn:
        yield
