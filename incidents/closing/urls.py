"""Addresses of the pages about an incident's end, below the incident's own."""

from django.urls import path

from incidents.closing import post_mortem_views, views

urlpatterns = [
    path("close/", views.incident_close, name="incident-close"),
    path("reopen/", views.incident_reopen, name="incident-reopen"),
    path("follow-ups/", views.follow_up_add, name="follow-up-add"),
    path("follow-ups/<int:follow_up_id>/", views.follow_up_tick, name="follow-up-tick"),
    path("feedback/", views.incident_feedback, name="incident-feedback"),
    path("report.<slug:ending>", views.report_file, name="report-file"),
    path("post-mortem/<slug:language>/", post_mortem_views.post_mortem, name="post-mortem"),
    path("post-mortem/<slug:language>/start/", post_mortem_views.post_mortem_start, name="post-mortem-start"),
    path("post-mortem/<slug:language>/edit/", post_mortem_views.post_mortem_edit, name="post-mortem-edit"),
    path("post-mortem/<slug:language>/history/", post_mortem_views.post_mortem_history, name="post-mortem-history"),
    path(
        "post-mortem/<slug:language>/history/<int:number>/restore/",
        post_mortem_views.post_mortem_restore,
        name="post-mortem-restore",
    ),
    path("post-mortem/<slug:language>/post-mortem.<slug:ending>", post_mortem_views.post_mortem_file,
         name="post-mortem-file"),
]  # fmt: skip
