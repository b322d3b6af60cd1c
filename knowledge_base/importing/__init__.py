"""Bring many documents in, from rows, files, archives and folders. Every row gets a verdict."""
