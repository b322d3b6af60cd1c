"""Search over many documents, and importing them, beside raw Chroma and raw FTS5 holding the same data."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import documents, portal
from benchmarks.bench import Bench, milliseconds, percentile, seconds_of

SIZES = {10_000: 30, 100_000: 120}  # documents → goal of p95 in ms
QUERIES = 300
IMPORT_GOAL = 0.7
PAGE = 2_000  # vectors moved at once
CANDIDATES = 60  # what the portal asks of each index


def run(bench: Bench) -> None:
    portal.set_up()
    sizes = [bench.size] if bench.size else [size for size in SIZES if bench.full or size == min(SIZES)]
    held = 0
    for size in sizes:
        seconds = _import(bench, first=held, last=size)
        held = size
        raw = _Raw(Path(os.environ["DATA_DIR"]) / f"raw-{size}")
        raw_seconds = raw.fill(bench)
        _show_import(bench, size, seconds, raw_seconds, raw.vectors)
        _show_queries(bench, size, raw)


def _import(bench: Bench, *, first: int, last: int) -> dict[str, float]:
    """Import documents as an operator does, and let the indexer work the outbox off."""
    from knowledge_base.importing.rows import import_rows
    from knowledge_base.indexer import index_round
    from knowledge_base.indexing import process_due_tasks

    while index_round():  # the shipped documents first: an installation has a collection already
        pass
    rows = documents.documents(last)
    rows_of_this_step = bench.track((row for number, row in enumerate(rows) if number >= first), "import",
                                    total=last - first)  # fmt: skip
    took = {"import": seconds_of(lambda: import_rows(rows_of_this_step))}
    started, done = time.perf_counter(), 0
    with bench.counting("index", last - first) as tell:
        while worked := process_due_tasks():
            done += worked
            tell(done)
    return took | {"index": time.perf_counter() - started}


class _Raw:
    """The same vectors in a Chroma of their own and the same terms in an FTS5 table of their own."""

    def __init__(self, directory: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        from knowledge_base.vector_store.chroma import HNSW

        directory.mkdir()
        client = chromadb.PersistentClient(str(directory), settings=Settings(anonymized_telemetry=False))
        configuration: Any = {"hnsw": HNSW}
        self.chroma = client.create_collection("raw", embedding_function=None, configuration=configuration)
        self.fts = sqlite3.connect(directory / "raw.sqlite3")
        self.vectors = 0

    def fill(self, bench: Bench) -> float:
        """Return the seconds that Chroma's upserts took."""
        from knowledge_base.vector_index import active_collection, open_collection

        row = active_collection()
        assert row is not None  # noqa: S101  (built before)
        collection = open_collection(row.name)
        keys = [record.id for record in collection.scan()]
        seconds = 0.0
        for start in bench.track(range(0, len(keys), PAGE), "raw Chroma"):
            some = collection.vectors(keys[start : start + PAGE])
            ids, matrix = list(some), np.stack(list(some.values()))
            began = time.perf_counter()
            self.chroma.upsert(ids=ids, embeddings=matrix)
            seconds += time.perf_counter() - began
        self.vectors = len(keys)
        self._fill_fts()
        return seconds

    def _fill_fts(self) -> None:
        from knowledge_base.models import StoredChunk

        self.fts.execute("CREATE VIRTUAL TABLE raw USING fts5(head, body, tokenize='unicode61 remove_diacritics 0')")
        rows = StoredChunk.objects.values_list("head", "body").iterator(chunk_size=PAGE)
        self.fts.executemany("INSERT INTO raw VALUES (?, ?)", rows)
        self.fts.commit()

    def nearest(self, vector: Any) -> None:
        self.chroma.query(query_embeddings=vector[None, :], n_results=CANDIDATES, include=["distances"])

    def matching(self, terms: Sequence[str]) -> None:
        match = " OR ".join(f'"{term}"' for term in terms)
        query = "SELECT rowid FROM raw WHERE raw MATCH ? ORDER BY bm25(raw) LIMIT ?"
        self.fts.execute(query, [match, CANDIDATES]).fetchall()


def _show_import(bench: Bench, size: int, seconds: dict[str, float], raw: float, vectors: int) -> None:
    total = sum(seconds.values())
    bench.table(
        (f"{size:,} documents, {vectors:,} vectors", "seconds", "vectors/s", "beside raw", "goal"),
        [
            ("import into the database and full-text index", f"{seconds['import']:.1f}", "", "", ""),
            ("embed and write vectors", f"{seconds['index']:.1f}", "", "", ""),
            ("both", f"{total:.1f}", f"{vectors / total:,.0f}", f"{raw / total:.2f} ×", f"≥ {IMPORT_GOAL} ×"),
            ("raw Chroma, upserts alone", f"{raw:.1f}", f"{vectors / raw:,.0f}", "1", ""),
        ],
    )


def _show_queries(bench: Bench, size: int, raw: _Raw) -> None:
    from knowledge_base import retrieval
    from knowledge_base.embedders.hashed import HashedEmbedder
    from knowledge_base.glossary_cache import current_glossary
    from knowledge_base.tokens import terms_of

    asked = documents.questions(QUERIES)
    vectors = HashedEmbedder(current_glossary()).embed(asked)
    terms = [list(dict.fromkeys(terms_of(question))) for question in asked]
    ways: dict[str, Callable[[int], object]] = {
        "the portal's search": lambda n: retrieval.search(asked[n]),
        "raw Chroma, nearest 60": lambda n: raw.nearest(vectors[n]),
        "raw FTS5, best 60 of any word": lambda n: raw.matching(terms[n]),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(0)
    for number in bench.track(range(QUERIES), "queries"):
        for name, ask in ways.items():  # in turn, so that all see the same machine
            times[name].append(seconds_of(partial(ask, number)) * 1000)
    goal = f"p95 < {SIZES[size]} ms" if size in SIZES else ""
    both = [chroma + fts for chroma, fts in zip(*list(times.values())[1:], strict=True)]
    rows = [
        (name, *_percentiles(found), goal if number == 0 else "") for number, (name, found) in enumerate(times.items())
    ]
    bench.table(
        (f"query, {size:,} documents", "p50", "p95", "goal"),
        [*rows, ("both raw ones, one by one", *_percentiles(both), "")],
    )


def _percentiles(times: Sequence[float]) -> tuple[str, str]:
    return milliseconds(percentile(times, 0.5)), milliseconds(percentile(times, 0.95))
