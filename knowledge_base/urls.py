"""Routes of the pages about knowledge."""

from django.urls import path

from knowledge_base import views
from knowledge_base.feedback import views as feedback_views

urlpatterns = [
    path("", views.search, name="knowledge-search"),
    path("<str:document_id>/feedback/", feedback_views.document_feedback, name="knowledge-feedback"),
    path("<str:document_id>/", views.document, name="knowledge-detail"),
]
