"""Who has an incident's page open right now, over all processes: each keeps rows for its own viewers fresh."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from incidents.collaboration.models import Looking
from incidents.runs import wakeups

BEAT = timedelta(seconds=15)
GONE_AFTER = 3 * BEAT  # a process that crashed leaves its rows behind
GRACE_SECONDS = 3.0  # a reload must not look like a farewell
PROCESS = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"

_viewers: Counter[tuple[int, int]] = Counter()  # (incident, user) → open pages; only the event loop touches it


def lookers(incident_id: int, *, at: datetime) -> list[str]:
    """The names of those who look at an incident."""
    fresh = Looking.objects.filter(incident_id=incident_id, seen_at__gt=at - GONE_AFTER)
    return list(fresh.order_by("user__username").values_list("user__username", flat=True).distinct())


def keep_fresh(incident_id: int, *, at: datetime) -> None:
    Looking.objects.filter(incident_id=incident_id, process=PROCESS).update(seen_at=at)


@asynccontextmanager
async def looking(incident_id: int, user_id: int) -> AsyncIterator[None]:
    """Count somebody as looking for as long as a page of theirs is open."""
    viewer = (incident_id, user_id)
    _viewers[viewer] += 1
    if _viewers[viewer] == 1:
        await asyncio.to_thread(_arrive, *viewer)
    try:
        yield
    finally:
        _viewers[viewer] -= 1
        # Not awaited: this runs while the connection of a viewer who is gone is being torn down.
        asyncio.get_running_loop().call_later(GRACE_SECONDS, _leave_if_gone, viewer)


def _leave_if_gone(viewer: tuple[int, int]) -> None:
    if _viewers[viewer] <= 0 and _viewers.pop(viewer, None) is not None:
        asyncio.get_running_loop().run_in_executor(None, _leave, *viewer)


def _arrive(incident_id: int, user_id: int) -> None:
    now = timezone.now()
    try:
        with transaction.atomic():
            Looking.objects.update_or_create(
                incident_id=incident_id, user_id=user_id, process=PROCESS, defaults={"seen_at": now}
            )
            Looking.objects.filter(seen_at__lt=now - 4 * GONE_AFTER).delete()
        wakeups.incident_changed(incident_id)
    except IntegrityError:  # the incident or the account was deleted a moment ago
        pass
    finally:
        connection.close()


def _leave(incident_id: int, user_id: int) -> None:
    try:
        Looking.objects.filter(incident_id=incident_id, user_id=user_id, process=PROCESS).delete()
        wakeups.incident_changed(incident_id)
    finally:
        connection.close()
