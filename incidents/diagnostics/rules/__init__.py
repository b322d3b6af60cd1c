"""The rules: data in `catalogue/*.toml`, functions for what data can't say. Importing this registers them all."""

from incidents.diagnostics.rules import (  # noqa: F401
    cluster,
    cluster_history,
    connection,
    data_model,
    keyspace,
    memory,
    memory_allocator,
    performance,
    persistence,
    releases,
    replication,
    replication_group,
    replication_syncs,
    security,
    sentinel,
)
