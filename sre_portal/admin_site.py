"""The admin site of the portal: Django's own, under the portal's name and look."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class PortalAdminSite(AdminSite):
    site_title = _("Redis SRE Assistant")
    site_header = _("Redis SRE Assistant")
    index_title = _("Administration")


class PortalAdminConfig(AdminConfig):
    default_site = "sre_portal.admin_site.PortalAdminSite"
