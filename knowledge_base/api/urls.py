"""Addresses of the API about knowledge. Many clients add a slash by habit; both forms answer."""

from django.urls import URLPattern, path
from rest_framework.views import APIView

from knowledge_base.api.documents import DocumentListView, DocumentView, RevisionsView
from knowledge_base.api.imports import BulkImportView
from knowledge_base.api.linting import DocumentLintView, LintView
from knowledge_base.api.packs import PackView
from knowledge_base.api.search import IndexHealthView, SearchView, SimilarView
from knowledge_base.feedback.api import DocumentFeedbackView


def both(address: str, view: type[APIView], name: str) -> list[URLPattern]:
    return [
        path(address, view.as_view(), name=name),
        path(f"{address}/", view.as_view(schema=None), name=f"{name}-slash"),
    ]


urlpatterns = [
    *both("knowledge", DocumentListView, "api-knowledge"),
    *both("knowledge/bulk-import", BulkImportView, "api-knowledge-import"),
    *both("knowledge/lint", LintView, "api-knowledge-lint"),
    *both("knowledge/<str:document_id>/lint", DocumentLintView, "api-knowledge-document-lint"),
    *both("knowledge/<str:document_id>/feedback", DocumentFeedbackView, "api-knowledge-feedback"),
    *both("knowledge/<str:document_id>", DocumentView, "api-knowledge-document"),
    *both("knowledge-pack", PackView, "api-knowledge-pack"),
    *both("knowledge/<str:document_id>/revisions", RevisionsView, "api-knowledge-revisions"),
    *both("search", SearchView, "api-search"),
    *both("search/similar", SimilarView, "api-search-similar"),
    *both("knowledge-index", IndexHealthView, "api-knowledge-index"),
]
