"""Signals only keep caches in step; see services for what the domain does."""

from incidents.finding import signals  # noqa: F401  (connects its receivers)
