"""Write what the README and `.env.example` say of settings and access, from the code. `--check` only compares."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sre_portal.settings")

import django  # noqa: E402

django.setup()

from sre_portal import env  # noqa: E402
from tests.access_table import ACCESS, LEVELS  # noqa: E402


def settings_table() -> str:
    rows = ["| setting | default | what it does |", "|---|---|---|"]
    for setting in sorted(env.READ.values(), key=lambda item: item.name):
        default = setting.default.replace(str(ROOT), ".")
        rows.append(f"| `{setting.name}` | {f'`{default}`' if default else '–'} | {setting.help} |")
    return "\n".join(rows)


def access_table() -> str:
    rows = ["| route | method | from |", "|---|---|---|"]
    for name, methods in ACCESS.items():
        for method, level in methods.items():
            rows.append(f"| `{name}` | {method} | {level} |")
    return "\n".join([f"Levels, each may do what the ones before may: {', '.join(LEVELS)}.", "", *rows])


def example() -> str:
    lines = ["# Every setting, with its default. Copy to .env and change what you need."]
    for setting in sorted(env.READ.values(), key=lambda item: item.name):
        default = setting.default.replace(str(ROOT), ".")
        lines += ["", f"# {setting.help}", f"#{setting.name}={default}"]
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    for name, table in (("settings", settings_table()), ("access", access_table())):
        begin, end = f"<!-- {name}: written by scripts/write_reference.py -->", f"<!-- end of {name} -->"
        text = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.S)  # noqa: B023
    return text


def main() -> int:
    files = {
        ROOT / "README.md": filled((ROOT / "README.md").read_text(encoding="utf-8")),
        ROOT / ".env.example": example(),
    }
    stale = [path.name for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        print("\n".join(f"{name} is out of date: run python scripts/write_reference.py" for name in stale))
        return 1 if stale else 0
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
