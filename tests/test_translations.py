"""Every string of the interface exists in Korean, and the compiled catalogue is the one that is read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).parent.parent
MESSAGES = ROOT / "locale" / "ko" / "LC_MESSAGES"
CATALOGUE = polib.pofile(str(MESSAGES / "django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|<\w+")


def test_no_string_lacks_its_korean():
    missing = [e.msgid for e in CATALOGUE if not e.obsolete and not (e.msgstr or all(e.msgstr_plural.values() or [""]))]

    assert missing == []


def test_nothing_is_left_to_guesswork():
    assert [entry.msgid for entry in CATALOGUE.fuzzy_entries()] == []


def test_every_placeholder_survives_translation():
    broken = [
        entry.msgid
        for entry in CATALOGUE
        if not entry.obsolete
        and set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        != set(PLACEHOLDER.findall(entry.msgstr or entry.msgstr_plural[0]))
    ]

    assert broken == []


def test_the_compiled_catalogue_is_up_to_date():
    compiled = polib.mofile(str(MESSAGES / "django.mo"))

    assert {(e.msgctxt, e.msgid): e.msgstr or e.msgstr_plural for e in compiled} == {
        (e.msgctxt, e.msgid): e.msgstr or e.msgstr_plural for e in CATALOGUE.translated_entries()
    }


def test_the_catalogue_holds_every_string_of_the_code(tmp_path: Path):
    if not shutil.which("xgettext"):
        if os.environ.get("CI"):
            pytest.fail("xgettext is needed in CI: apt-get install gettext")
        pytest.skip("gettext is not installed here")
    copy = tmp_path / "portal"
    ignored = shutil.ignore_patterns(
        ".venv", ".git", "data", "staticfiles", "tests", "__pycache__", "artefacts", "docs"
    )
    shutil.copytree(ROOT, copy, ignore=ignored)

    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "ko", "--no-location", "--no-obsolete"],
        cwd=copy, env={**os.environ, "DATA_DIR": str(tmp_path / "data")}, check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    fresh = polib.pofile(str(copy / "locale" / "ko" / "LC_MESSAGES" / "django.po"))
    known = {(entry.msgctxt, entry.msgid) for entry in CATALOGUE}
    assert {(entry.msgctxt, entry.msgid) for entry in fresh} - known == set()
