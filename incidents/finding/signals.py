"""Keep the index of incidents in step with what sends signals; services index what is written in bulk."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from incidents.collaboration.models import Comment
from incidents.finding.indexing import index_comments, index_details
from incidents.models import Incident

# What a list or a statistic needs is no word of the incident: a save of these alone changes nothing in the index.
WORDLESS = {"status", "assignee", "updated_at", "resolved_at", "diagnosis_right", "severity", "category", "confidence"}


@receiver(post_save, sender=Incident)
def index_saved_incident(instance: Incident, update_fields: frozenset[str] | None = None, **kwargs: Any) -> None:
    if update_fields and set(update_fields) <= WORDLESS:
        return
    index_details(instance)


@receiver(post_save, sender=Comment)
def index_saved_comment(instance: Comment, **kwargs: Any) -> None:
    """A deleted comment keeps its row and is saved as such; an incident that goes takes its words along."""
    index_comments(instance.incident_id)
