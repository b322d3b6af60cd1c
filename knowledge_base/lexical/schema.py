# ruff: noqa: S608  (all names are constants of this module)
"""The full-text index that the database itself keeps over stored chunks.

SQLite: an FTS5 table fed by triggers. PostgreSQL: a generated tsvector with a GIN index. Either way a chunk can't be
changed without its index, whatever path the change takes. A migration that alters the chunk table on SQLite remakes it
and loses the triggers: it must call `install` again.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

CHUNKS = "knowledge_base_storedchunk"
FTS = "knowledge_base_chunk_fts"
VOCABULARY = "knowledge_base_chunk_vocabulary"
COLUMNS = "head, body"

SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {FTS} USING fts5({COLUMNS}, content='{CHUNKS}', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 0')",
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {VOCABULARY} USING fts5vocab('{FTS}', 'row')",
    f"CREATE TRIGGER IF NOT EXISTS {FTS}_insert AFTER INSERT ON {CHUNKS} BEGIN "
    f"INSERT INTO {FTS}(rowid, {COLUMNS}) VALUES (new.id, new.head, new.body); END",
    f"CREATE TRIGGER IF NOT EXISTS {FTS}_delete AFTER DELETE ON {CHUNKS} BEGIN "
    f"INSERT INTO {FTS}({FTS}, rowid, {COLUMNS}) VALUES ('delete', old.id, old.head, old.body); END",
    f"CREATE TRIGGER IF NOT EXISTS {FTS}_update AFTER UPDATE ON {CHUNKS} BEGIN "
    f"INSERT INTO {FTS}({FTS}, rowid, {COLUMNS}) VALUES ('delete', old.id, old.head, old.body); "
    f"INSERT INTO {FTS}(rowid, {COLUMNS}) VALUES (new.id, new.head, new.body); END",
    f"INSERT INTO {FTS}({FTS}) VALUES ('rebuild')",
)
SQLITE_REMOVE = (
    *(f"DROP TRIGGER IF EXISTS {FTS}_{event}" for event in ("insert", "delete", "update")),
    f"DROP TABLE IF EXISTS {VOCABULARY}",
    f"DROP TABLE IF EXISTS {FTS}",
)
POSTGRESQL = (
    f"ALTER TABLE {CHUNKS} ADD COLUMN IF NOT EXISTS terms tsvector GENERATED ALWAYS AS "
    "(array_to_tsvector(array_remove(regexp_split_to_array(head || ' ' || body, '\\s+'), ''))) STORED",
    f"CREATE INDEX IF NOT EXISTS {CHUNKS}_terms ON {CHUNKS} USING gin (terms)",
)
POSTGRESQL_REMOVE = (f"ALTER TABLE {CHUNKS} DROP COLUMN IF EXISTS terms",)


def install(connection: BaseDatabaseWrapper) -> None:
    _run(connection, {"sqlite": SQLITE, "postgresql": POSTGRESQL})


def remove(connection: BaseDatabaseWrapper) -> None:
    _run(connection, {"sqlite": SQLITE_REMOVE, "postgresql": POSTGRESQL_REMOVE})


def _run(connection: BaseDatabaseWrapper, statements: dict[str, tuple[str, ...]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements.get(connection.vendor, ()):
            cursor.execute(statement)
