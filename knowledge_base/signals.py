"""Signals only keep caches in step; see services for what the domain does."""
