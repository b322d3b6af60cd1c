"""Run benches by name, all of them without one."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import tempfile

from rich.console import Console

from benchmarks.bench import Bench

BENCHES = {
    "verdict": "the rules' verdict on an incident of 60 KB",
    "big_log": "a log of a million lines through `manage.py diagnose`",
    "retrieval": "search and import beside raw Chroma and raw FTS5",
    "pages": "every page's time on the server and in Chromium",
    "model": "a language model through the product beside the bare SDK",
    "model_load": "a hundred model runs at once in one process, wave after wave",
}
# What a developer's .env holds must not steer a measurement: no model, no other database.
_ABSENT = ("DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_EMBEDDING_MODEL", "CHROMA_URL",
           "CHROMA_PERSIST_DIRECTORY", "TASK_BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS", "APP_DEBUG")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:10} {what}" for name, what in BENCHES.items()),
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="name", help="which ones; all without any")
    parser.add_argument("--full", action="store_true", help="the large sizes too: 100,000 documents (takes minutes)")
    parser.add_argument("--size", type=int, help="lines, documents, incidents or runs, instead of the usual number")
    options = parser.parse_args()
    unknown = set(options.names) - BENCHES.keys()
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    data = tempfile.mkdtemp(prefix="portal-bench-")
    os.environ.update(dict.fromkeys(_ABSENT, ""), APP_ENV="development", DATA_DIR=data, LOG_LEVEL="ERROR")
    os.environ["DJANGO_SETTINGS_MODULE"] = "sre_portal.settings"
    bench = Bench(Console(), full=options.full, size=options.size)
    try:
        for name in options.names or BENCHES:
            bench.console.rule(f"[bold]{name}[/]: {BENCHES[name]}", align="left")
            importlib.import_module(f"benchmarks.{name}").run(bench)
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
