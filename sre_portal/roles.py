"""Who may do what. Three roles, each a Django group; an administrator is a superuser."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Role(StrEnum):
    OPERATOR = "operator"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"


# What each role adds, as Django permissions. A curator may do all that an operator may.
OPERATOR_PERMISSIONS = (
    "incidents.view_incident",
    "incidents.add_incident",
    "incidents.change_incident",
    "knowledge_base.view_knowledgedocument",
    "knowledge_base.add_suggestion",
)
CURATOR_PERMISSIONS = (
    *OPERATOR_PERMISSIONS,
    "knowledge_base.add_knowledgedocument",
    "knowledge_base.change_knowledgedocument",
    "knowledge_base.delete_knowledgedocument",
    "knowledge_base.view_glossaryentry",
    "knowledge_base.add_glossaryentry",
    "knowledge_base.change_glossaryentry",
    "knowledge_base.delete_glossaryentry",
    "knowledge_base.publish_knowledgedocument",
    "knowledge_base.view_suggestion",
    "knowledge_base.change_suggestion",
    "knowledge_base.view_indextask",
    "knowledge_base.view_feedback",
    "knowledge_base.view_feedbackswitch",
    "knowledge_base.add_feedbackswitch",
    "incidents.view_closing",
    "incidents.view_followup",
    "incidents.view_reportfeedback",
    "incidents.view_confidenceswitch",
    "incidents.add_confidenceswitch",
)
PERMISSIONS = {Role.OPERATOR: OPERATOR_PERMISSIONS, Role.CURATOR: CURATOR_PERMISSIONS}


def role_of(user: User | AnonymousUser) -> Role | None:
    """The highest role of a user. None for somebody who is not logged in or has no role."""
    if not user.is_authenticated or not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMINISTRATOR
    names = set(user.groups.values_list("name", flat=True))
    for role in (Role.ADMINISTRATOR, Role.CURATOR, Role.OPERATOR):
        if role.value in names:
            return role
    return None
