"""Small jobs beside the analysis runs: answers, drafts, replays. They end with the process; what they leave is told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)

_room = threading.BoundedSemaphore(4)  # jobs at once; a model answers no faster for being asked by more


def start(job: Callable[[int], object], pk: int) -> None:
    """Do a job about one row in a thread of this process. Tests do their jobs themselves."""
    if settings.APP_ENV != "test":
        # A daemon: Ctrl-C must not wait for a slow model.
        threading.Thread(target=do, args=(job, pk), daemon=True, name=f"{job.__name__}-{pk}").start()


def do(job: Callable[[int], object], pk: int) -> None:
    with _room:
        try:
            job(pk)
        except Exception:  # isolation point: nobody waits for this thread
            logger.exception("%s of %s failed", job.__name__, pk)
        finally:
            connection.close()
