"""What an operator handed in, before anything is recognised: the mission's fields, artifacts and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.diagnostics.log_file import LogFile


@dataclass(frozen=True, slots=True)
class UploadedText:
    """A file beside the form. `name` tells the node when it holds one ("node-7001.log")."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class IncidentInput:
    """The mission's IncidentInput, with what was captured beside it.

    `artifacts` are named captures: text, list or object, as they came.
    `pasted` is the paste-anything box, kinds unknown.
    """

    timestamp: str = ""
    error_logs: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    redis_info: str = ""
    redis_version: str = ""
    deployment_type: str = ""
    description: str = ""
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[UploadedText | LogFile, ...] = ()
    pasted: tuple[str, ...] = ()
