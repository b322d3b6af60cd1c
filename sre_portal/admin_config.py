"""Names the portal's admin site. Apart from the site, which needs models that are not there while apps load."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    default_site = "sre_portal.admin_site.PortalAdminSite"
