"""Import in the admin: upload, look at every verdict, confirm. Nothing is changed before."""

from __future__ import annotations

import io
from typing import Any

import pytest

from knowledge_base.importing import jobs
from knowledge_base.importing.models import ImportJob
from knowledge_base.models import KnowledgeDocument
from tests.knowledge_base.importing.test_archives import DOCUMENT, packed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

START = "/admin/knowledge_base/knowledgedocument/import/"


@pytest.fixture
def desk(client: Any, carol: Any, settings: Any, tmp_path: Any) -> Any:
    settings.DATA_DIR = tmp_path
    client.force_login(carol)
    return client


def upload(desk: Any, data: bytes, *, name: str = "pack.zip", **options: str) -> Any:
    file = io.BytesIO(data)
    file.name = name
    return desk.post(
        START, {"file": file, "status": "draft", "removed": "keep", **options}, headers={"accept-language": "en"}
    )


def two_documents() -> bytes:
    return packed(("a.md", DOCUMENT), ("b.md", b"\x89PNG\r\n\x1a\n" * 9))


def test_an_upload_is_judged_and_changes_nothing(desk):
    answer = upload(desk, two_documents())

    page = desk.get(answer["Location"], headers={"accept-language": "en"}).content.decode()

    assert not KnowledgeDocument.objects.exists()
    assert "Import 1 document" in page
    assert "Refused" in page
    assert "not a text file" in page
    assert 'style="' not in page


def test_the_page_speaks_korean(desk):
    answer = upload(desk, two_documents())

    page = desk.get(answer["Location"], headers={"accept-language": "ko"}).content.decode()

    assert "확인을 기다리는 중" in page


def test_after_the_confirmation_the_documents_are_there_and_the_file_is_not(desk, tmp_path):
    job = ImportJob.objects.get(pk=_job_id(upload(desk, two_documents(), status="published")))

    answer = desk.post(f"{START}{job.pk}/confirm/")

    job.refresh_from_db()
    assert answer.status_code == 302
    assert job.state == "done"
    assert KnowledgeDocument.objects.get().status == "published"
    assert KnowledgeDocument.objects.get().author.username == "carol"
    assert not list((tmp_path / "imports").iterdir())


def test_a_long_import_goes_on_step_by_step(desk, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    monkeypatch.setattr("knowledge_base.importing.rows.BATCH", 2)
    monkeypatch.setattr(jobs, "STEP_SECONDS", 0)
    monkeypatch.setattr(jobs.advance, "__kwdefaults__", {"seconds": 0})
    entries = [(f"{number}.md", DOCUMENT.replace(b"id: a", b"id: d%d" % number)) for number in range(5)]
    job_id = _job_id(upload(desk, packed(*entries)))
    job = ImportJob.objects.get(pk=job_id)
    assert (job.state, job.position) == ("judging", 2)

    fragment = desk.post(f"{START}{job_id}/step/", headers={"hx-request": "true"})
    assert "hx-post" in fragment.content.decode()
    ended = desk.post(f"{START}{job_id}/step/", headers={"hx-request": "true"})

    assert ended["HX-Redirect"].endswith(f"{START}{job_id}/")
    job.refresh_from_db()
    assert (job.state, job.position, job.rows.count()) == ("judged", 5, 5)
    assert not KnowledgeDocument.objects.exists()


def test_an_identifier_met_in_an_earlier_step_is_still_the_first(desk, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 1)
    monkeypatch.setattr("knowledge_base.importing.rows.BATCH", 1)
    monkeypatch.setattr(jobs.advance, "__kwdefaults__", {"seconds": 0})
    job = ImportJob.objects.get(pk=_job_id(upload(desk, packed(("a.md", DOCUMENT), ("b.md", DOCUMENT + b"more")))))

    while job.is_running:
        job = jobs.advance(job=job, by=job.created_by)

    assert list(job.rows.values_list("outcome", flat=True)) == ["created", "refused"]


def test_a_hostile_archive_is_refused_with_one_sentence(desk):
    answer = upload(desk, packed(("../a.md", DOCUMENT)))

    page = desk.get(answer["Location"], headers={"accept-language": "en"}).content.decode()

    assert "points outside" in page
    assert ImportJob.objects.get().state == "refused"


def test_an_upload_can_be_thrown_away(desk, tmp_path):
    job_id = _job_id(upload(desk, two_documents()))

    desk.post(f"{START}{job_id}/discard/")

    assert not ImportJob.objects.exists()
    assert not list((tmp_path / "imports").iterdir())


def test_what_is_missing_is_said_beside_its_field(desk):
    answer = desk.post(START, {"status": "draft", "removed": "keep"})

    assert answer.status_code == 400
    assert "file" in answer.context["form"].errors


@pytest.mark.parametrize("address", ["", "1/", "1/step/", "1/confirm/", "1/discard/"])
@pytest.mark.parametrize("person", ["bob", "mallory"])
def test_others_are_kept_out(client, request, person, address):
    client.force_login(request.getfixturevalue(person))
    ask = client.get if address in ("", "1/") else client.post

    answer = ask(f"{START}{address}")

    assert answer.status_code in (302, 403)
    assert "login" in answer.get("Location", "login")


def test_documents_are_exported_from_the_list(desk, make_document):
    make_document()

    answer = desk.post(
        "/admin/knowledge_base/knowledgedocument/", {"action": "export_pack", "_selected_action": ["oom-en"]}
    )

    assert answer["Content-Type"] == "application/zip"


def _job_id(answer: Any) -> int:
    assert answer.status_code == 302, answer.context["form"].errors
    return int(answer["Location"].rstrip("/").rsplit("/", 1)[1])
