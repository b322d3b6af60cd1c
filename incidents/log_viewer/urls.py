"""Addresses of one text of an incident."""

from django.urls import path

from incidents.log_viewer import views

TEXT = "incidents/<incident:incident_id>/evidence/<int:sequence>/"

urlpatterns = [
    path(TEXT, views.evidence_detail, name="evidence-detail"),
    path(f"{TEXT}rows/", views.evidence_rows, name="evidence-rows"),
    path(f"{TEXT}map/", views.evidence_map, name="evidence-map"),
    path(f"{TEXT}text/", views.evidence_text, name="evidence-text"),
]
