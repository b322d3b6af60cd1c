"""Saved views and changes to many in the administration: to tidy up what is shared, and to see who did what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from incidents.finding.models import BulkChange, SavedView


@admin.register(SavedView)
class SavedViewAdmin(admin.ModelAdmin):
    list_display = ("name", "owner", "is_shared", "query", "created_at")
    list_filter = ("is_shared",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    raw_id_fields = ("owner",)


@admin.register(BulkChange)
class BulkChangeAdmin(admin.ModelAdmin):
    """Append-only history: nobody edits what was done."""

    list_display = ("at", "actor", "kind", "after", "count", "undone_at")
    list_filter = ("kind",)
    list_select_related = ("actor",)
    date_hierarchy = "at"

    @admin.display(description=_("incidents"))
    def count(self, change: BulkChange) -> int:
        return len(change.before)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
