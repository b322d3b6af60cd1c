"""Masking: what must not leave the machine, and how to put it back. See `redactor`."""

from incidents.diagnostics.redaction.redactor import Redacted, Redactor, RestoringStream, restore, restore_data
from incidents.diagnostics.redaction.spans import ALL, Kind

__all__ = ["ALL", "Kind", "Redacted", "Redactor", "RestoringStream", "restore", "restore_data"]
