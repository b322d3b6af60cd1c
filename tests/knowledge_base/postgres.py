"""A throwaway PostgreSQL, socket only, run by an unprivileged user."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").exists() else []
    if found:
        return found[-1]
    path = shutil.which("pg_ctl")
    return Path(path).parent if path else None


def require_postgres() -> Path:
    """Skip without PostgreSQL on a laptop; fail in CI, where a skipped proof would look like a passed one."""
    found = programs()
    if found is not None:
        return found
    if os.environ.get("CI"):
        pytest.fail("PostgreSQL is needed in CI: apt-get install postgresql")
    pytest.skip("PostgreSQL is not installed here")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    binaries = require_postgres()
    directory = Path(tempfile.mkdtemp(prefix="portal-pg-"))  # short: a socket's path has a limit
    as_user = [] if os.getuid() else ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    if as_user:
        shutil.chown(directory, "nobody", "nogroup")
    data = directory / "data"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd=directory)

    run(str(binaries / "initdb"), "-D", str(data), "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-k {directory} -c listen_addresses='' -c fsync=off -c max_connections=20"
    run(str(binaries / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(directory / "log"), "-w", "start")
    try:
        yield f"postgres://portal@{str(directory).replace('/', '%2F')}/postgres"
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)
