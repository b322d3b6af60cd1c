"""The admin's page that asks the configured models a few short questions. Keys are neither shown nor sent elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.language import current_language
from incidents.language_model import language_models
from incidents.language_model.model_calls import ModelCall
from incidents.language_model.model_checks import check_and_record, check_embeddings_and_record, latest_check
from sre_portal.roles import Role, role_of

PATIENCE = 20.0  # seconds of one question; three are asked
EMBEDDINGS = "embeddings"


@dataclass(frozen=True, slots=True)
class Checked:
    """A configured model and what the last check found. `latest` is None for one that was never checked."""

    name: str
    tasks: str
    endpoint: str
    has_key: bool
    latest: ModelCall | None


def check_page(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """Show what is known of every model; a POST asks one of them."""
    if role_of(request.user) is not Role.ADMINISTRATOR:
        raise PermissionDenied
    if request.method == "POST":
        _check(request, request.POST.get("model", ""))
        return redirect(reverse("admin:incidents_modelcall_check"))
    context: dict[str, Any] = {
        **site.each_context(request), "title": _("Check the models"), "models": _models(),
        "embeddings": settings.OPENAI_EMBEDDING_MODEL, "embedding_check": latest_check(_embedder_name()),
        "fallbacks": settings.MODEL_FALLBACKS, "opts": ModelCall._meta,
    }  # fmt: skip
    return TemplateResponse(request, "admin/incidents/modelcall/check.html", context)


def _check(request: HttpRequest, name: str) -> None:
    if name == EMBEDDINGS and settings.OPENAI_EMBEDDING_MODEL:
        report = check_embeddings_and_record()
    elif name in language_models.configured_models():
        report = check_and_record(name, within=PATIENCE)
    else:  # only what is configured: this page must not be a way to have the server call other addresses
        messages.error(request, _("This model is not configured."))
        return
    if report.failure:
        reason = report.failure.reason(current_language())
        messages.error(
            request, _("The model %(model)s can't be used: %(reason)s") % {"model": report.model, "reason": reason}
        )
    else:
        messages.success(request, _("The model %(model)s answers.") % {"model": report.model})


def _models() -> list[Checked]:
    rows = []
    for name in language_models.configured_models():
        config = language_models.config_of(name)
        rows.append(
            Checked(
                name=name, tasks=", ".join(_tasks(name)), endpoint=config.base_url or config.provider,
                has_key=bool(config.api_key), latest=latest_check(config.name),
            )
        )  # fmt: skip
    return rows


def _tasks(name: str) -> list[str]:
    words = {
        language_models.EXPLAIN: _("explanation"), language_models.FOLLOW_UP: _("follow-up question"),
        language_models.DRAFT: _("draft"),
    }  # fmt: skip
    told = [word for task, word in words.items() if language_models.model_for(task) == name]
    return told + ([_("fallback")] if name in settings.MODEL_FALLBACKS else [])


def _embedder_name() -> str:
    return f"openai:{settings.OPENAI_EMBEDDING_MODEL}"
