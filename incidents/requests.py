"""Requests as our views get them: the middleware has logged somebody in and looked for htmx."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django_htmx.middleware import HtmxDetails
    from rest_framework.request import Request


class PortalRequest(HttpRequest):
    """For type checkers: nobody anonymous gets as far as a view that names this."""

    user: User
    htmx: HtmxDetails


def user_of(request: Request) -> User:
    """Who sends an API request; the permission of the view has refused anonymous ones."""
    return cast("User", request.user)
