"""The linter: what is wrong or weak in a knowledge document, said where it stands. Rules are pure, data is in TOML."""

from knowledge_base.linting.notes import Level, LintNote, errors_of
from knowledge_base.linting.service import lint_document, lint_documents

__all__ = ["Level", "LintNote", "errors_of", "lint_document", "lint_documents"]
