"""Routes of the pages about knowledge."""

from django.urls import path

from knowledge_base import views
from knowledge_base.feedback import views as feedback_views
from knowledge_base.lifecycle import views as lifecycle

urlpatterns = [
    path("", views.search, name="knowledge-search"),
    path("<str:document_id>/feedback/", feedback_views.document_feedback, name="knowledge-feedback"),
    path("<str:document_id>/", views.document, name="knowledge-detail"),
    path("<str:document_id>/history/", lifecycle.history, name="knowledge-history"),
    path("<str:document_id>/suggest/", lifecycle.suggest, name="knowledge-suggest"),
]
