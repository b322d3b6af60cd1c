"""Routes of the pages about knowledge."""

from django.urls import path

from knowledge_base import views

urlpatterns = [
    path("", views.search, name="knowledge-search"),
    path("<str:document_id>/", views.document, name="knowledge-detail"),
]
