"""Addresses of the pages about an incident's end."""

from django.urls import path

from incidents import converters  # noqa: F401  (registers <incident:…>)
from incidents.closing import post_mortem_views as writing
from incidents.closing import views

INCIDENT = "incidents/<incident:incident_id>"
POST_MORTEM = f"{INCIDENT}/post-mortem/<slug:language>"

urlpatterns = [
    path(f"{INCIDENT}/close/", views.incident_close, name="incident-close"),
    path(f"{INCIDENT}/reopen/", views.incident_reopen, name="incident-reopen"),
    path(f"{INCIDENT}/follow-ups/", views.follow_up_add, name="follow-up-add"),
    path(f"{INCIDENT}/follow-ups/<int:follow_up_id>/", views.follow_up_tick, name="follow-up-tick"),
    path(f"{INCIDENT}/feedback/", views.incident_feedback, name="incident-feedback"),
    path(f"{INCIDENT}/report.<slug:ending>", views.report_file, name="report-file"),
    path(f"{POST_MORTEM}/", writing.post_mortem, name="post-mortem"),
    path(f"{POST_MORTEM}/start/", writing.post_mortem_start, name="post-mortem-start"),
    path(f"{POST_MORTEM}/edit/", writing.post_mortem_edit, name="post-mortem-edit"),
    path(f"{POST_MORTEM}/history/", writing.post_mortem_history, name="post-mortem-history"),
    path(f"{POST_MORTEM}/history/<int:number>/restore/", writing.post_mortem_restore, name="post-mortem-restore"),
    path(f"{POST_MORTEM}/post-mortem.<slug:ending>", writing.post_mortem_file, name="post-mortem-file"),
]
