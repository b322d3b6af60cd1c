"""The house rules on imports: one direction, pure packages, each SDK behind one module, nothing heavy at start."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("sre_portal", "incidents", "knowledge_base")
STANDARD = sys.stdlib_module_names
SDK_OWNERS = {
    "openai": ("sre_portal/llm/",),
    "anthropic": ("sre_portal/llm/",),
    "google": ("sre_portal/llm/",),
    "chromadb": ("knowledge_base/vector_store/",),
}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module, *, runtime_only: bool = True) -> Iterator[str]:
    """Full names of everything a module imports, those for type checkers left out."""
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if runtime_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_knowledge_base_never_imports_incidents():
    offenders = [
        (str(path), name)
        for path, tree in modules()
        if path.parts[0] == "knowledge_base"
        for name in imports_of(tree)
        if name.split(".")[0] == "incidents" and not name.startswith("incidents.diagnostics")
    ]

    assert offenders == []


def test_the_project_package_imports_no_app():
    offenders = [
        (str(path), name)
        for path, tree in modules()
        if path.parts[0] == "sre_portal"
        for name in imports_of(tree)
        if name.split(".")[0] in ("incidents", "knowledge_base")
    ]

    assert offenders == []


def test_diagnostics_needs_nothing_but_the_standard_library():
    offenders = [
        (str(path), name)
        for path, tree in modules()
        if path.parts[:2] == ("incidents", "diagnostics")
        for name in imports_of(tree)
        if name.split(".")[0] not in STANDARD and not name.startswith("incidents.diagnostics")
    ]

    assert offenders == []


def test_analysis_knows_no_django():
    offenders = [
        (str(path), name)
        for path, tree in modules()
        if path.parts[:2] == ("incidents", "analysis")
        for name in imports_of(tree)
        if name.split(".")[0] in ("django", "rest_framework", "knowledge_base")
    ]

    assert offenders == []


@pytest.mark.parametrize("sdk", SDK_OWNERS)
def test_each_sdk_is_imported_behind_its_port_alone(sdk: str):
    offenders = [
        str(path)
        for path, tree in modules()
        for name in imports_of(tree)
        if name.split(".")[0] == sdk and not str(path).startswith(SDK_OWNERS[sdk])
    ]

    assert offenders == []


def test_no_module_is_called_utils_helpers_or_common():
    names = {path.stem for path, _ in modules()} | {part for path, _ in modules() for part in path.parts[:-1]}

    assert names.isdisjoint({"utils", "helpers", "common", "misc"})


def test_loading_every_route_imports_neither_chroma_nor_a_model_sdk(tmp_path: Path):
    code = (
        "import django, sys; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns; "
        "print([n for n in ('chromadb', 'openai', 'anthropic', 'google.genai', 'onnxruntime') if n in sys.modules])"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "sre_portal.settings", "DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )

    assert result.stdout.strip() == "[]", result.stderr[-2000:]
