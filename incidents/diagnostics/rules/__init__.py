"""The rules: data in `catalogue/*.toml`, functions for what data can't say. Importing this registers them all."""

from incidents.diagnostics.rules import connection, keyspace, memory, performance, persistence, security  # noqa: F401
