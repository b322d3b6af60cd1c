"""What people send from an incident's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.collaboration.services import LONGEST_COMMENT
from incidents.models import Incident


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("Comment"), max_length=LONGEST_COMMENT,
        error_messages={
            "required": _("Write something first."),
            "max_length": _("A comment may have %(limit_value)d characters; this one has %(show_value)d."),
        },
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)


class DetailsForm(forms.Form):
    title = forms.CharField(
        label=_("Title"), max_length=200, error_messages={"required": _("An incident needs a title.")}
    )  # fmt: skip
    description = forms.CharField(
        label=_("Description"), required=False, max_length=200_000, widget=forms.Textarea({"rows": 8})
    )  # fmt: skip
    redis_version = forms.CharField(label=_("Redis version"), required=False, max_length=40)
    deployment_type = forms.ChoiceField(label=_("Deployment"), required=False)

    def __init__(self, data: Any = None, *, incident: Incident) -> None:
        super().__init__(data, initial={name: getattr(incident, name) for name in self.base_fields})
        known = dict(Incident.Deployment.choices)
        # Programs may report a deployment that is none of ours; it must not get lost.
        own = {incident.deployment_type: incident.deployment_type} if incident.deployment_type not in known else {}
        choices = {"": _("Not known"), **known, **own}
        self.fields["deployment_type"].choices = list(choices.items())  # type: ignore[attr-defined]

    def details(self) -> dict[str, str]:
        """Forms send lines with a carriage return; what is stored has none."""
        return {name: str(value).replace("\r\n", "\n") for name, value in self.cleaned_data.items()}


def version_seen(value: str) -> int:
    """The version that a form was made from. Garbage counts as the very first: nothing is overwritten unseen."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0
