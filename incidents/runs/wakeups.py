"""Tell whoever waits in this process that something was stored. Readers elsewhere find it by polling."""

from __future__ import annotations

import threading
from collections.abc import Callable

Listener = Callable[[int], None]

_stored = threading.Condition()
_listeners: list[Listener] = []
_incident_listeners: list[Listener] = []


def event_stored(run_id: int) -> None:
    with _stored:
        _stored.notify_all()
        listeners = tuple(_listeners)
    for listener in listeners:
        listener(run_id)


def incident_changed(incident_id: int) -> None:
    """Called after a change of an incident was committed, or somebody came to look at it or went away."""
    for listener in tuple(_incident_listeners):
        listener(incident_id)


def wait(*, seconds: float) -> None:
    """Sleep until any run has a new event, or for that long. The caller looks for itself what happened."""
    with _stored:
        _stored.wait(seconds)


def listen(listener: Listener) -> None:
    with _stored:
        _listeners.append(listener)


def stop_listening(listener: Listener) -> None:
    with _stored:
        _listeners.remove(listener)


def listen_to_incidents(listener: Listener) -> None:
    _incident_listeners.append(listener)
