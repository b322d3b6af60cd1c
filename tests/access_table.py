"""Who may use which route: one row per route and method. The README's table is drawn from this."""

from __future__ import annotations

# Each level may do what the ones before it may. `everyone` needs no login, `member` only that.
LEVELS = ("everyone", "member", "operator", "curator", "administrator")

ACCESS: dict[str, dict[str, str]] = {
    # The portal
    "home": {"GET": "member"},
    "healthz": {"GET": "everyone"},
    "login": {"GET": "everyone", "POST": "everyone"},
    "logout": {"POST": "member"},
    "set_language": {"POST": "everyone"},
    "set-theme": {"POST": "everyone"},
    "javascript-catalog": {"GET": "everyone"},
    "token": {"GET": "member", "POST": "member"},
    "api-docs": {"GET": "everyone"},
    "api-schema": {"GET": "everyone"},
    # Incidents, as pages
    "incident-list": {"GET": "operator"},
    "saved-views": {"GET": "operator", "POST": "operator"},
    "saved-view-change": {"POST": "operator"},
    "bulk-change": {"POST": "operator"},
    "bulk-undo": {"POST": "operator"},
    "incident-new": {"GET": "operator", "POST": "operator"},
    "sample-start": {"POST": "operator"},
    "recognise": {"POST": "operator"},
    "incident-detail": {"GET": "operator"},
    "incident-status": {"POST": "operator"},
    "incident-assign": {"POST": "operator"},
    "evidence-add": {"POST": "operator"},
    "evidence-find": {"GET": "operator"},
    "evidence-detail": {"GET": "operator"},
    "evidence-rows": {"GET": "operator"},
    "evidence-map": {"GET": "operator"},
    "evidence-text": {"GET": "operator"},
    "run-start": {"POST": "operator"},
    "run-detail": {"GET": "operator"},
    "run-events": {"GET": "operator"},
    "run-cancel": {"POST": "operator"},
    # Questions, drafts, what a model gets to see, replays
    "conversation": {"GET": "operator", "POST": "operator"},
    "turn-events": {"GET": "operator"},
    "model-sent": {"GET": "operator"},
    "run-replays": {"GET": "operator", "POST": "operator"},
    "run-capsule": {"GET": "operator"},
    # One search over everything one may see
    "search": {"GET": "member"},
    "suggestions": {"GET": "member"},
    # The end of an incident
    "incident-close": {"GET": "operator", "POST": "operator"},
    "incident-reopen": {"POST": "operator"},
    "incident-feedback": {"GET": "operator", "POST": "operator"},
    "follow-up-add": {"POST": "operator"},
    "follow-up-tick": {"POST": "operator"},
    "report-file": {"GET": "operator"},
    "post-mortem": {"GET": "operator"},
    "post-mortem-start": {"POST": "operator"},
    "post-mortem-edit": {"GET": "operator", "POST": "operator"},
    "post-mortem-history": {"GET": "operator"},
    "post-mortem-restore": {"POST": "operator"},
    "post-mortem-file": {"GET": "operator"},
    # The catalogue of rules, as pages
    "rule-list": {"GET": "operator"},
    "rule-detail": {"GET": "operator"},
    # Incidents, for programs
    "api-analyze": {"POST": "operator"},
    "api-analyze-slash": {"POST": "operator"},
    "api-result": {"GET": "operator"},
    "api-result-slash": {"GET": "operator"},
    "api-result-events": {"GET": "operator"},
    "api-incidents": {"GET": "operator"},
    "api-incident": {"GET": "operator", "PATCH": "operator"},
    "api-evidence-list": {"GET": "operator", "POST": "operator"},
    "api-evidence": {"GET": "operator"},
    "api-incident-runs": {"GET": "operator", "POST": "operator"},
    "api-runs": {"GET": "operator"},
    "api-run": {"GET": "operator"},
    "api-run-cancel": {"POST": "operator"},
    "api-run-events": {"GET": "operator"},
    # The end of an incident, for programs
    "api-closing": {"GET": "operator", "PUT": "operator", "DELETE": "operator"},
    "api-follow-ups": {"GET": "operator", "POST": "operator"},
    "api-follow-up": {"PATCH": "operator"},
    "api-report-file": {"GET": "operator"},
    "api-post-mortem": {"GET": "operator", "POST": "operator", "PUT": "operator"},
    "api-post-mortem-file": {"GET": "operator"},
    "api-run-feedback": {"GET": "operator", "PUT": "operator", "DELETE": "operator"},
    # Knowledge, as pages
    "knowledge-search": {"GET": "operator"},
    "knowledge-detail": {"GET": "operator"},
    "knowledge-feedback": {"POST": "operator"},
    "knowledge-history": {"GET": "operator"},
    "knowledge-suggest": {"GET": "operator", "POST": "operator"},
    # Knowledge, for programs
    "api-knowledge": {"GET": "operator", "POST": "curator"},
    "api-knowledge-document": {"GET": "operator", "PUT": "curator", "PATCH": "curator", "DELETE": "curator"},
    "api-knowledge-lint": {"POST": "operator"},
    "api-knowledge-document-lint": {"GET": "operator"},
    "api-knowledge-pack": {"GET": "operator"},
    "api-knowledge-revisions": {"GET": "operator"},
    "api-knowledge-import": {"POST": "curator"},
    "api-knowledge-feedback": {"GET": "operator", "PUT": "operator", "DELETE": "operator"},
    "api-knowledge-index": {"GET": "operator"},
    "api-search": {"POST": "operator"},
    "api-search-similar": {"GET": "operator"},
}

# The same views at an address with a slash, by the name they go by without it.
for _name in [name for name in ACCESS if name.startswith(("api-knowledge", "api-search"))]:
    ACCESS[f"{_name}-slash"] = ACCESS[_name]

# Routes of the admin, by the model they are about. Everything else in it is the administrator's.
ADMIN: dict[str, str] = {
    "index": "curator",
    "knowledge_base_knowledgedocument_changelist": "curator",
    "knowledge_base_knowledgedocument_worklist": "curator",
    "knowledge_base_knowledgedocument_retrieval": "curator",
    "knowledge_base_suggestion_changelist": "curator",
    "knowledge_base_glossaryentry_changelist": "curator",
    "incidents_incident_changelist": "curator",
    "incidents_analysisrun_changelist": "administrator",
    "incidents_evidenceitem_changelist": "administrator",
    "incidents_closing_changelist": "curator",
    "incidents_closing_reliability": "curator",
    "incidents_confidenceswitch_changelist": "curator",
    "incidents_confidenceswitch_add": "curator",
    "incidents_followup_changelist": "curator",
    "incidents_reportfeedback_changelist": "curator",
    "knowledge_base_feedback_changelist": "curator",
    "knowledge_base_feedbackswitch_add": "curator",
    "incidents_rulethreshold_changelist": "administrator",
    "incidents_rulethreshold_add": "administrator",
    "auth_user_changelist": "administrator",
    "auth_group_changelist": "administrator",
}
