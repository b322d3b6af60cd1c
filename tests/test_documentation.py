"""What the README and `.env.example` say is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_and_access_tables_are_those_of_the_code(tmp_path: Path):
    environment = {"DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "APP_ENV": "development"}

    result = subprocess.run(
        [sys.executable, "scripts/write_reference.py", "--check"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout + result.stderr[-1500:]


def test_every_make_target_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))

    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) <= targets


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((docs/[^)]+)\)", README))))
def test_every_picture_of_the_readme_is_there(path: str):
    assert (ROOT / path).stat().st_size > 0


def test_every_folder_of_the_readme_exists():
    cells = re.findall(r"^\| ((?:`[\w/]+`(?:, )?)+) \| ", README, re.M)
    folders = [name for cell in cells for name in re.findall(r"`([\w/]+)`", cell)]

    assert all(
        (ROOT / name).exists() or (ROOT / "incidents/diagnostics" / name).exists() for name in folders if "/" in name
    )
