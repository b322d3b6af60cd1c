# ruff: noqa: S608  (all names are constants of this module)
"""The full-text index that the database keeps over the terms of incidents, whatever path a change takes.

SQLite: an FTS5 table fed by triggers. PostgreSQL: a generated, weighted tsvector with a GIN index. A migration that
alters the table on SQLite remakes it and loses the triggers: it must call `install` again.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TEXTS = "incidents_incidenttext"
FTS = "incidents_text_fts"
COLUMNS = ("head", "said", "report", "evidence", "comments")
WEIGHTS = (10.0, 4.0, 3.0, 1.0, 2.0)  # of the columns, in their order

_NAMES = ", ".join(COLUMNS)
_NEW, _OLD = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("new", "old"))
_FORGET = f"INSERT INTO {FTS}({FTS}, rowid, {_NAMES}) VALUES ('delete', old.incident_id, {_OLD});"
_REMEMBER = f"INSERT INTO {FTS}(rowid, {_NAMES}) VALUES (new.incident_id, {_NEW});"

SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {FTS} USING fts5({_NAMES}, content='{TEXTS}', content_rowid='incident_id', "
    "tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER IF NOT EXISTS {FTS}_insert AFTER INSERT ON {TEXTS} BEGIN {_REMEMBER} END",
    f"CREATE TRIGGER IF NOT EXISTS {FTS}_delete AFTER DELETE ON {TEXTS} BEGIN {_FORGET} END",
    f"CREATE TRIGGER IF NOT EXISTS {FTS}_update AFTER UPDATE OF {_NAMES} ON {TEXTS} BEGIN {_FORGET} {_REMEMBER} END",
    f"INSERT INTO {FTS}({FTS}) VALUES ('rebuild')",
)
SQLITE_REMOVE = (
    *(f"DROP TRIGGER IF EXISTS {FTS}_{event}" for event in ("insert", "delete", "update")),
    f"DROP TABLE IF EXISTS {FTS}",
)
_LETTERS = ("A", "B", "B", "D", "C")
_VECTOR = " || ".join(
    f"setweight(to_tsvector('simple'::regconfig, {name}), '{letter}')"
    for name, letter in zip(COLUMNS, _LETTERS, strict=True)
)
POSTGRESQL = (
    f"ALTER TABLE {TEXTS} ADD COLUMN IF NOT EXISTS terms tsvector GENERATED ALWAYS AS ({_VECTOR}) STORED",
    f"CREATE INDEX IF NOT EXISTS {TEXTS}_terms ON {TEXTS} USING gin (terms)",
)
POSTGRESQL_REMOVE = (f"ALTER TABLE {TEXTS} DROP COLUMN IF EXISTS terms",)


def install(connection: BaseDatabaseWrapper) -> None:
    _run(connection, {"sqlite": SQLITE, "postgresql": POSTGRESQL})


def remove(connection: BaseDatabaseWrapper) -> None:
    _run(connection, {"sqlite": SQLITE_REMOVE, "postgresql": POSTGRESQL_REMOVE})


def _run(connection: BaseDatabaseWrapper, statements: dict[str, tuple[str, ...]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements.get(connection.vendor, ()):
            cursor.execute(statement)
