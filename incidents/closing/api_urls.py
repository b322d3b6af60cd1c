"""Addresses of the API about an incident's end."""

from django.urls import path

from incidents.closing import api

urlpatterns = [
    path("incidents/<incident:incident_id>/closing/", api.ClosingView.as_view(), name="api-closing"),
    path("incidents/<incident:incident_id>/follow-ups/", api.FollowUpsView.as_view(), name="api-follow-ups"),
    path(
        "incidents/<incident:incident_id>/follow-ups/<int:follow_up_id>/",
        api.FollowUpView.as_view(),
        name="api-follow-up",
    ),
    path("incidents/<incident:incident_id>/report.<slug:ending>", api.ReportFileView.as_view(), name="api-report-file"),
    path(
        "incidents/<incident:incident_id>/post-mortem/<slug:language>/",
        api.PostMortemView.as_view(),
        name="api-post-mortem",
    ),
    path(
        "incidents/<incident:incident_id>/post-mortem/<slug:language>/post-mortem.<slug:ending>",
        api.PostMortemFileView.as_view(),
        name="api-post-mortem-file",
    ),
    path("runs/<int:run_id>/feedback/", api.ReportFeedbackView.as_view(), name="api-run-feedback"),
]
