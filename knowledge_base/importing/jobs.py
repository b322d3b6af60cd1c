"""An upload in the admin: judged first, imported after a confirmation, both in steps of a second or two.

A step is one request. What is done is stored with it, so that a closed tab or a restart loses nothing: the next request
takes the job up where it stopped.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from knowledge_base.importing.folders import retire
from knowledge_base.importing.memory import gone_from, identifiers_of
from knowledge_base.importing.models import ImportJob, ImportJobRow
from knowledge_base.importing.reading import rows_of
from knowledge_base.importing.rows import BATCH, take_rows
from knowledge_base.importing.sources import UnreadableSource
from knowledge_base.importing.verdicts import Outcome, Policy, Verdict

State = ImportJob.State
STEP_SECONDS = 1.5
LARGEST_UPLOAD = 100_000_000
KEPT_JOBS = 20
PUBLISH = "knowledge_base.publish_knowledgedocument"
CHANGE = "knowledge_base.change_knowledgedocument"


class UploadTooLarge(Exception):
    """The file is larger than an upload may be."""


def begin(*, upload: Any, by: Any, options: Mapping[str, Any]) -> ImportJob:
    """Keep an upload for judging. Raises UploadTooLarge."""
    if upload.size > LARGEST_UPLOAD:
        raise UploadTooLarge
    _forget_old_jobs()
    name = Path(upload.name).name[:255]
    suffix = "".join(Path(name).suffixes[-2:])[-20:]
    kept = secrets.token_hex(16)
    digest = hashlib.sha256()
    directory = _directory() / kept
    directory.mkdir(parents=True)
    with (directory / f"upload{suffix}").open("wb") as file:
        for chunk in upload.chunks():
            digest.update(chunk)
            file.write(chunk)
    return ImportJob.objects.create(name=name, file=kept, digest=digest.hexdigest(), created_by=by, **options)


def advance(*, job: ImportJob, by: Any, seconds: float = STEP_SECONDS) -> ImportJob:
    """Do one step of judging or importing. Does nothing for a job that waits or is done."""
    with transaction.atomic():
        job = ImportJob.objects.select_for_update().get(pk=job.pk)
    if job.state not in (State.JUDGING, State.IMPORTING):
        return job
    try:
        finished = _step(job, by, seconds)
    except UnreadableSource as exc:
        job.state, job.problem = State.REFUSED, str(exc)[:300]
        job.save(update_fields=["state", "problem"])
        return job
    if finished:
        _finish(job)
    return job


def confirm(*, job: ImportJob, by: Any) -> bool:
    """Let a judged job be imported. Return False if it does not wait for that."""
    waiting = ImportJob.objects.filter(pk=job.pk, state=State.JUDGED)
    return waiting.update(state=State.IMPORTING, position=0) == 1


def discard(*, job: ImportJob) -> None:
    _remove_file(job)
    job.delete()


def counts_of(job: ImportJob) -> dict[str, int]:
    found = dict(job.rows.values_list("outcome").annotate(count=Count("pk")).order_by())
    return {outcome.value: found.get(outcome.value, 0) for outcome in Outcome}


def gone_documents(job: ImportJob) -> list[str]:
    """Documents that an earlier upload of this name brought and this one does not."""
    if job.rows.filter(outcome=Outcome.REFUSED, document_id="").exists():
        return []
    return gone_from(_label(job), set(job.rows.values_list("document_id", flat=True)))


def may_publish(by: Any) -> bool:
    """The right to publish, where no second person has to look."""
    from django.contrib.auth.models import Permission

    from knowledge_base.lifecycle.states import review_is_needed  # late: its tables stand beside ours

    codename = PUBLISH.split(".")[1]
    permitted = by.has_perm(PUBLISH if Permission.objects.filter(codename=codename).exists() else CHANGE)
    return bool(permitted) and not review_is_needed()


def _step(job: ImportJob, by: Any, seconds: float) -> bool:
    """Take rows until the time is up. Return whether there are no more."""
    ends = time.monotonic() + seconds
    judging = job.state == State.JUDGING
    policy = Policy(status=job.status, keep_conflicts=not job.overwrite, may_publish=may_publish(by), label=_label(job))
    rows = islice(rows_of(_file(job), identifiers=identifiers_of(_label(job))), job.position, None)
    verdicts = take_rows(
        rows, dry_run=judging, author=job.created_by, policy=policy, start=job.position + 1, seen=_seen(job)
    )
    for batch in _batches(verdicts):
        _store(job, batch)
        if time.monotonic() > ends:
            return len(batch) < BATCH
    return True


def _seen(job: ImportJob) -> dict[str, int]:
    """The identifiers that earlier steps met, with their rows: a second one later in the file is still the second."""
    done = job.rows.filter(number__lte=job.position).exclude(document_id="")
    return dict(done.exclude(outcome=Outcome.REFUSED).order_by("-number").values_list("document_id", "number"))


def _batches(verdicts: Iterator[Verdict]) -> Iterator[list[Verdict]]:
    while batch := list(islice(verdicts, BATCH)):
        yield batch


def _store(job: ImportJob, verdicts: list[Verdict]) -> None:
    rows = [
        ImportJobRow(
            job=job, number=verdict.row, document_id=verdict.id[:120], title=verdict.title[:300],
            source=verdict.source[:500], outcome=verdict.outcome.value,
            sentence=" ".join(filter(None, (verdict.sentence, *verdict.remarks))),
        )
        for verdict in verdicts
    ]  # fmt: skip
    with transaction.atomic():
        ImportJobRow.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["job", "number"],
            update_fields=["document_id", "title", "source", "outcome", "sentence"],
        )  # fmt: skip
        job.position = verdicts[-1].row
        job.save(update_fields=["position"])


def _finish(job: ImportJob, *, at: datetime | None = None) -> None:
    if job.state == State.JUDGING:
        job.state = State.JUDGED
    else:
        retire(gone_documents(job), job.removed)
        job.state, job.finished_at = State.DONE, at or timezone.now()
        _remove_file(job)
    job.save(update_fields=["state", "finished_at"])


def _label(job: ImportJob) -> str:
    return f"upload: {job.name}"


def _directory() -> Path:
    return Path(settings.DATA_DIR) / "imports"


def _file(job: ImportJob) -> Path:
    kept = _directory() / job.file
    found = next(iter(kept.glob("upload*")), None) if kept.is_dir() else None
    if found is None:
        from django.utils.translation import gettext as _

        raise UnreadableSource(_("The uploaded file is no longer there. Please upload it again."))
    return found


def _remove_file(job: ImportJob) -> None:
    kept = _directory() / job.file
    if kept.is_dir():
        for file in kept.iterdir():
            file.unlink()
        kept.rmdir()


def _forget_old_jobs() -> None:
    """Keep the last jobs and their verdicts; older ones, finished or forgotten, go."""
    for job in ImportJob.objects.order_by("-created_at", "-pk")[KEPT_JOBS:]:
        discard(job=job)
