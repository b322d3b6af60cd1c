"""A person's own things: the API token and the theme."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.authtoken.models import Token

from incidents.requests import PortalRequest

THEMES = ("system", "light", "dark")
ONE_YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "POST"])
def token(request: PortalRequest) -> HttpResponse:
    """Show whether there is a token, make a new one, or revoke it. The key itself is shown once."""
    if request.method == "GET":
        current = Token.objects.filter(user=request.user).first()
        return render(request, "account/token.html", {"current": current, "key": request.session.pop("new_token", "")})
    Token.objects.filter(user=request.user).delete()
    if "revoke" not in request.POST:
        request.session["new_token"] = Token.objects.create(user=request.user).key
    return redirect("token")


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    response = redirect(address if safe else reverse("home"))
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response
