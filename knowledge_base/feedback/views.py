"""Say on a document's page that it helped or is wrong; settle as a curator what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from knowledge_base import queries
from knowledge_base.feedback import services
from knowledge_base.feedback.forms import WITHDRAW, FeedbackForm

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@login_required
@permission_required("knowledge_base.view_knowledgedocument", raise_exception=True)
@require_POST
def document_feedback(request: HttpRequest, document_id: str) -> HttpResponse:
    document = get_object_or_404(queries.documents_for(request.user), pk=document_id)
    user, form = cast("User", request.user), FeedbackForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say whether it helped or is wrong, in 500 characters at most."))
    elif form.cleaned_data["verdict"] == WITHDRAW:
        services.withdraw_feedback(document=document, user=user)
    else:
        try:
            services.give_feedback(document=document, user=user, **form.cleaned_data)
        except services.NoReasonGiven:
            messages.error(request, _("Say in a few words what is wrong; the curator has nothing else to go by."))
    return redirect(reverse("knowledge-detail", args=[document.pk]) + "#feedback")
