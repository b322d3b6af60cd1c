"""Import a folder, a checkout, an archive or a file, and see to documents whose files are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from knowledge_base.importing.memory import gone_from, identifiers_of, unchanged_files
from knowledge_base.importing.models import ImportedDocument
from knowledge_base.importing.reading import rows_of
from knowledge_base.importing.rows import take_rows
from knowledge_base.importing.verdicts import Outcome, Policy, Verdict
from knowledge_base.lifecycle.states import FROM, Step
from knowledge_base.lifecycle.steps import take_step
from knowledge_base.models import KnowledgeDocument

REMOVALS = {"draft": Step.UNPUBLISH, "archive": Step.ARCHIVE}


@dataclass
class FolderImport:
    """One pass over a path. Iterate it for the verdicts; `gone` is known afterwards."""

    path: Path
    policy: Policy
    author: Any = None
    dry_run: bool = False
    on_file: Callable[[str], None] = lambda name: None
    gone: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Verdict]:
        """Raises UnreadableSource, after whole batches have been imported where it shows late."""
        label = self.policy.label
        rows = rows_of(
            self.path, unchanged=unchanged_files(label), identifiers=identifiers_of(label), on_file=self.on_file
        )
        seen: set[str] = set()
        complete = True
        for verdict in take_rows(rows, dry_run=self.dry_run, author=self.author, policy=self.policy):
            seen.add(verdict.id)
            # A file that can't be read may be one of those that seem gone: then none is called so.
            complete = complete and (verdict.outcome is not Outcome.REFUSED or bool(verdict.id))
            yield verdict
        self.gone = gone_from(label, seen) if complete else []


def retire(document_ids: list[str], removal: str) -> int:
    """Take documents whose files are gone out of search. Return how many; "keep" leaves them."""
    step = REMOVALS.get(removal)
    if step is None:
        return 0
    documents = KnowledgeDocument.objects.filter(pk__in=document_ids, status__in=FROM[step])
    with transaction.atomic():
        retired = list(documents)
        take_step(step, documents=retired, by=None, reason=_("Its file is gone from the import."))
        ImportedDocument.objects.filter(pk__in=[document.pk for document in retired]).delete()
    return len(retired)
