"""Comments, watchers, ticks and notices in the admin: to look up, and comments to be taken off when they must go."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from incidents.collaboration.models import ActionTick, Comment, CommentRevision, Notice, Watch


class Record(admin.ModelAdmin):
    """What people did; nothing to be added or changed by others."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class RevisionInline(admin.TabularInline):
    model = CommentRevision
    fields = ("until", "text")
    extra = 0
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Comment)
class CommentAdmin(Record):
    list_display = ("incident", "author", "excerpt", "created_at", "edited_at", "deleted_at")
    list_filter = ("created_at", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("incident", "author")
    search_fields = ("text", "author__username", "incident__title")
    inlines = (RevisionInline,)

    @admin.display(description=_("text"))
    def excerpt(self, comment: Comment) -> str:
        return comment.text[:120]


@admin.register(Watch)
class WatchAdmin(Record):
    list_display = ("incident", "user", "is_on")
    list_filter = ("is_on",)
    list_select_related = ("incident", "user")
    search_fields = ("user__username", "incident__title")


@admin.register(ActionTick)
class ActionTickAdmin(Record):
    list_display = ("incident", "title", "done_by", "done_at")
    list_filter = ("done_at",)
    list_select_related = ("incident", "done_by")
    search_fields = ("title", "done_by__username", "incident__title")


@admin.register(Notice)
class NoticeAdmin(Record):
    list_display = ("user", "incident", "reason", "is_unread")
    list_filter = ("reason", "is_unread")
    search_fields = ("user__username", "incident__title")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        return super().get_queryset(request).select_related("user", "incident")
