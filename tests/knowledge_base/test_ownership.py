"""Exactly one process owns an embedded vector directory; every other one says so and works without it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from knowledge_base import retrieval, vector_index
from knowledge_base.models import IndexCollection, IndexTask
from knowledge_base.vector_store.base import VectorStoreOwned
from knowledge_base.vector_store.ownership import LOCK_NAME
from tests.knowledge_base.conftest import settle

HOLD = """
import sys
from pathlib import Path
from knowledge_base.vector_store.ownership import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def rival(chroma: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(chroma)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


class ARivalTests:
    def test_is_named_in_one_clear_sentence(self, rival):
        with pytest.raises(VectorStoreOwned) as caught:
            vector_index.own_store()

        assert str(rival.pid) in str(caught.value)
        assert "CHROMA_URL" in str(caught.value)

    def test_leaves_no_trace_when_it_was_killed(self, rival):
        os.kill(rival.pid, signal.SIGKILL)
        rival.wait()

        vector_index.own_store()

    @pytest.mark.django_db(transaction=True)
    def test_gets_the_work_of_a_command_through_the_outbox(self, rival, make_document):
        make_document("a")
        IndexTask.objects.update(state="done")
        said = io.StringIO()

        call_command("reindex", stdout=said)
        assert IndexTask.objects.get().state == "pending"
        assert "belongs to the running process" in said.getvalue()

        call_command("reindex", "--rebuild", stdout=said)
        assert IndexCollection.objects.get().state == "building"
        call_command("reconcile", stdout=said)

    @pytest.mark.django_db(transaction=True)
    def test_does_not_stop_a_search_by_words(self, rival, make_document):
        make_document("a")
        IndexCollection.objects.create(name="kb_x", stamp="hashed-1:1024", state="active")

        found = retrieval.search("OOM command not allowed")

        assert [passage.document_id for passage in found.passages] == ["a"]
        assert not found.vector_available
        assert found.problem


@pytest.mark.django_db(transaction=True)
class OwningTests:
    def test_ends_with_the_release(self, chroma, make_document):
        make_document("a")
        settle()
        vector_index.release_store()

        check = subprocess.run(
            [sys.executable, "-c", HOLD, str(chroma)], input="", capture_output=True, text=True, check=False
        )

        assert check.stdout == "held\n"
        assert (chroma / LOCK_NAME).exists()

    def test_a_mere_search_never_takes_the_directory(self, chroma, make_document):
        make_document("a")

        retrieval.search("OOM command not allowed")

        assert not chroma.exists()
