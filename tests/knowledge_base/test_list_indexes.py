"""Lists of documents are read in the order of an index: sorting ten thousand for fifty took longer than a page may."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from knowledge_base.models import KnowledgeDocument

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the plans of SQLite"),
]
documents = KnowledgeDocument.objects


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: documents.all()[:50], "document_order"),
        (lambda: documents.published().filter(language="en").order_by("category", "title")[:50], "document_overview"),
        (lambda: documents.published().filter(review_by__lte=date(2026, 1, 1)).order_by("review_by"), "document_due"),
    ],
)
def test_is_read_in_order(rows, index):
    plan = rows().explain()

    assert index in plan
    assert "TEMP B-TREE" not in plan
