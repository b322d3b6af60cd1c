"""Addresses of the pages. Incidents go by their public number."""

from django.urls import include, path
from django.views.generic import RedirectView

from incidents import (
    account_views,
    api_docs,
    converters,  # noqa: F401  (registers <incident:…>)
    views,
)
from incidents.dashboard import views as dashboard
from incidents.finding import search_views
from incidents.finding import views as finding
from incidents.language_model import chat_views
from incidents.rule_catalogue import rule_views
from incidents.runs import run_views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="incident-list"), name="home"),
    path("incidents/", finding.incident_list, name="incident-list"),
    path("incidents/views/", finding.saved_views, name="saved-views"),
    path("incidents/views/<int:view_id>/", finding.saved_view_change, name="saved-view-change"),
    path("incidents/bulk/", finding.bulk_change, name="bulk-change"),
    path("incidents/bulk/<int:change_id>/undo/", finding.bulk_undo, name="bulk-undo"),
    path("incidents/new/", views.incident_new, name="incident-new"),
    path("incidents/samples/<slug:name>/", views.sample_start, name="sample-start"),
    path("incidents/recognise/", views.recognise_text, name="recognise"),
    path("incidents/<incident:incident_id>/", views.incident_detail, name="incident-detail"),
    path("incidents/<incident:incident_id>/similar/", search_views.incident_similar, name="incident-similar"),
    path("incidents/<incident:incident_id>/status/", views.incident_status, name="incident-status"),
    path("incidents/<incident:incident_id>/assign/", views.incident_assign, name="incident-assign"),
    path("incidents/<incident:incident_id>/evidence/", views.evidence_add, name="evidence-add"),
    path("incidents/<incident:incident_id>/evidence/find/", views.evidence_find, name="evidence-find"),
    path("", include("incidents.log_viewer.urls")),
    path("incidents/<incident:incident_id>/analyse/", run_views.start_analysis, name="run-start"),
    path("incidents/<incident:incident_id>/runs/<int:run_id>/", views.run_detail, name="run-detail"),
    path("incidents/<incident:incident_id>/runs/<int:run_id>/cancel/", run_views.cancel_run, name="run-cancel"),
    path("incidents/<incident:incident_id>/conversation/", chat_views.conversation, name="conversation"),
    path(
        "incidents/<incident:incident_id>/conversation/<int:turn_id>/events", chat_views.turn_events, name="turn-events"
    ),
    path("incidents/<incident:incident_id>/sent/", chat_views.sent, name="model-sent"),
    path("incidents/<incident:incident_id>/runs/<int:run_id>/replays/", chat_views.replays, name="run-replays"),
    path("incidents/<incident:incident_id>/runs/<int:run_id>/capsule.json", chat_views.capsule, name="run-capsule"),
    path("incidents/<incident:incident_id>/runs/<int:run_id>/case/", chat_views.keep_case, name="run-keep-case"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("search/", search_views.search_page, name="search"),
    path("search/suggest/", search_views.suggestions, name="suggestions"),
    path("", include("incidents.closing.urls")),
    path("", include("incidents.collaboration.urls")),
    path("rules/", rule_views.rule_list, name="rule-list"),
    path("rules/<slug:rule_id>/", rule_views.rule_detail, name="rule-detail"),
    path("account/token/", account_views.token, name="token"),
    path("account/theme/", account_views.set_theme, name="set-theme"),
    path("api/docs/", api_docs.docs, name="api-docs"),
]
