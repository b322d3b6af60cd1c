"""All routes: pages at the root, programs under /api/v1/, the admin under /admin/."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog, set_language
from drf_spectacular.views import SpectacularAPIView

from sre_portal.design import design


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """For load balancers: the process answers. The index's health is on its own page."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("login/", auth_views.LoginView.as_view(template_name="login.html"), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("design/", design, name="design"),
    path("jsi18n/", login_not_required(JavaScriptCatalog.as_view()), name="javascript-catalog"),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/", include("incidents.api.urls")),
    path("api/v1/", include("knowledge_base.api.urls")),
    path("knowledge/", include("knowledge_base.urls")),
    path("", include("incidents.urls")),
]
