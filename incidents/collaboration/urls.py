"""Addresses of what people do together."""

from django.urls import path

from incidents import converters  # noqa: F401  (registers <incident:…>)
from incidents.collaboration import feed_views, live_views, views

INCIDENT = "incidents/<incident:incident_id>"
COMMENT = f"{INCIDENT}/comments/<int:comment_id>"

urlpatterns = [
    path(f"{INCIDENT}/live", live_views.incident_live, name="incident-live"),
    path(f"{INCIDENT}/comments/", views.comment_add, name="comment-add"),
    path(f"{COMMENT}/", views.comment_detail, name="comment-detail"),
    path(f"{COMMENT}/edit/", views.comment_edit, name="comment-edit"),
    path(f"{COMMENT}/delete/", views.comment_delete, name="comment-delete"),
    path(f"{COMMENT}/history/", views.comment_history, name="comment-history"),
    path(f"{INCIDENT}/watch/", views.incident_watch, name="incident-watch"),
    path(f"{INCIDENT}/edit/", views.incident_edit, name="incident-edit"),
    path(f"{INCIDENT}/timeline/", feed_views.incident_timeline, name="incident-timeline"),
    path(f"{INCIDENT}/handover/", feed_views.incident_handover, name="incident-handover"),
    path(f"{INCIDENT}/runs/<int:run_id>/steps/<slug:step>/", views.step_tick, name="step-tick"),
    path("activity/", feed_views.activity, name="activity"),
    path("activity/seen/", feed_views.activity_seen, name="activity-seen"),
    path("activity/unread/", feed_views.activity_unread, name="activity-unread"),
]
