"""Addresses of the API about incidents."""

from django.urls import include, path

from incidents import converters  # noqa: F401  (registers <incident:…>)
from incidents.api import analyze, find, incidents, runs

urlpatterns = [
    path("analyze", analyze.AnalyzeView.as_view(), name="api-analyze"),
    # Many clients add a slash by habit.
    path("analyze/", analyze.AnalyzeView.as_view(schema=None), name="api-analyze-slash"),
    path("analyze/<incident:incident_id>", analyze.ResultView.as_view(), name="api-result"),
    path("analyze/<incident:incident_id>/", analyze.ResultView.as_view(schema=None), name="api-result-slash"),
    path("analyze/<incident:incident_id>/events", runs.IncidentEventsView.as_view(), name="api-result-events"),
    path("find/", find.FindView.as_view(), name="api-find"),
    path("incidents/", incidents.IncidentListView.as_view(), name="api-incidents"),
    path("incidents/<incident:incident_id>/", incidents.IncidentView.as_view(), name="api-incident"),
    path("incidents/<incident:incident_id>/evidence/", incidents.EvidenceListView.as_view(), name="api-evidence-list"),
    path(
        "incidents/<incident:incident_id>/evidence/<int:number>/",
        incidents.EvidenceView.as_view(),
        name="api-evidence",
    ),
    path("incidents/<incident:incident_id>/runs/", runs.IncidentRunsView.as_view(), name="api-incident-runs"),
    path("", include("incidents.closing.api_urls")),
    path("", include("incidents.collaboration.api_urls")),
    path("runs/", runs.RunListView.as_view(), name="api-runs"),
    path("runs/<int:run_id>/", runs.RunView.as_view(), name="api-run"),
    path("runs/<int:run_id>/cancel/", runs.RunCancelView.as_view(), name="api-run-cancel"),
    path("runs/<int:run_id>/events/", runs.RunEventsView.as_view(), name="api-run-events"),
]
