"""Full text, outbox and search on a real PostgreSQL, in a process of its own that has it as its database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.knowledge_base.postgres import postgres_url as postgres_url

pytestmark = pytest.mark.real_postgres

PROBE = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
from knowledge_base import indexing, retrieval, services
from knowledge_base.models import IndexCollection, IndexTask, KnowledgeDocument
from knowledge_base.indexer import index_round
from knowledge_base.vector_index import use_store
from knowledge_base.vector_store.exact import ExactStore
from knowledge_base.evaluation import ask, read_questions, summary_of
from knowledge_base.passages import Filters

out = {"vendor": connection.vendor}
out["loaded"] = services.load_shipped_knowledge()
use_store(ExactStore())
while index_round():
    pass
out["waiting"] = IndexTask.objects.exclude(state="done").count()
knowledge = retrieval.knowledge()
out["index"] = type(knowledge.retriever.lexical).__name__
with open(sys.argv[1], encoding="utf-8") as file:
    out["summary"] = summary_of(list(ask(knowledge, read_questions(file))))
document = KnowledgeDocument.objects.published().first()
services.unpublish_documents(documents=[document])
with connection.cursor() as cursor:
    cursor.execute("DELETE FROM knowledge_base_storedchunk WHERE document_id = 'kb-memory-bigkey-en'")
found = retrieval.search("a huge key blocks the server", language="en", filters=Filters(languages=("en",)))
out["after"] = found.document_ids()
from knowledge_base.queries import with_tag
out["tagged"] = with_tag(KnowledgeDocument.objects.all(), "memory-bigkey").count()
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from knowledge_base.lifecycle import steps, suggestions
from knowledge_base.lifecycle.models import DocumentRevision
alice = User.objects.create_superuser("alice")
shown = KnowledgeDocument.objects.published().first()
proposal = suggestions.suggest_change(document=shown, fields={"title": "Taken over"}, note="Clearer.", by=alice)
suggestions.accept_suggestion(suggestion=proposal, by=alice)
state = steps.publish(document=shown, by=alice, override="For the test.")
out["published"] = [state.document.title, state.document.revision]
newest = DocumentRevision.objects.get(document=shown, number=2)
try:
    with transaction.atomic():
        newest.pk = None
        newest._state.adding = True
        newest.save()
except IntegrityError:
    out["one_per_number"] = True
print("RESULT" + json.dumps(out))
"""


@pytest.fixture(scope="session")
def result(postgres_url: str) -> dict[str, Any]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sre_portal.settings", "DATABASE_URL": postgres_url}
    queries = os.path.join(os.path.dirname(__file__), "own_queries.jsonl")
    done = subprocess.run(
        [sys.executable, "-c", PROBE, queries], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    answer: dict[str, Any] = json.loads(done.stdout.rpartition("RESULT")[2])
    return answer


class OnPostgresqlTests:
    def test_the_tsvector_index_answers(self, result):
        assert result["vendor"] == "postgresql"
        assert result["index"] == "TsvectorIndex"
        assert result["loaded"]["created"] > 50
        assert result["waiting"] == 0

    def test_it_answers_as_well_as_sqlite_does(self, result):
        assert result["summary"]["recall@5"] >= 0.95
        assert result["summary"]["mrr"] >= 0.87
        assert result["summary"]["off_topic_answered"] <= 2

    def test_text_that_is_gone_is_not_found(self, result):
        assert "kb-memory-bigkey-en" not in result["after"]
        assert result["after"]

    def test_filters_work_in_sql(self, result):
        assert result["tagged"] >= 2

    def test_a_suggestion_becomes_the_next_revision_and_no_number_is_given_twice(self, result):
        assert result["published"] == ["Taken over", 2]
        assert result["one_per_number"] is True
