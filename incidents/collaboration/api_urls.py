"""Addresses of the API about what people do together."""

from django.urls import path

from incidents import converters  # noqa: F401  (registers <incident:…>)
from incidents.collaboration import api

INCIDENT = "incidents/<incident:incident_id>"

urlpatterns = [
    path(f"{INCIDENT}/comments/", api.CommentsView.as_view(), name="api-comments"),
    path(f"{INCIDENT}/comments/<int:comment_id>/", api.CommentView.as_view(), name="api-comment"),
    path(f"{INCIDENT}/watchers/", api.WatchersView.as_view(), name="api-watchers"),
    path(f"{INCIDENT}/assignee/", api.AssigneeView.as_view(), name="api-assignee"),
    path(f"{INCIDENT}/timeline/", api.TimelineView.as_view(), name="api-timeline"),
]
