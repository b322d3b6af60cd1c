"""The admin site of the portal: Django's own, under the portal's name and look."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from sre_portal.desk import desk_of
from sre_portal.roles import Role, role_of


class PortalAdminSite(AdminSite):
    site_title = _("Redis SRE Assistant")
    site_header = _("Redis SRE Assistant")
    index_title = _("Administration")
    login_form = AuthenticationForm  # the admin's own one refuses curators without the staff mark

    def has_permission(self, request: HttpRequest) -> bool:
        """Let curators in by their role; what they see there is a matter of their permissions."""
        return super().has_permission(request) or role_of(request.user) in (Role.CURATOR, Role.ADMINISTRATOR)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"desk": desk_of(request), **(extra_context or {})})
