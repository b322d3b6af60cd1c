"""What people send from a list: a view to save, and what to do with the incidents they picked."""

from __future__ import annotations

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.collaboration.queries import people
from incidents.finding.bulk import MOST, Bulk, Kind
from incidents.models import Incident


class ViewForm(forms.Form):
    name = forms.CharField(max_length=60, strip=True)
    is_shared = forms.BooleanField(required=False)
    is_default = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=4000)


def bulk_choices(others: list[User]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be done with the incidents that were picked, in groups."""
    to_people = [(f"assign:{person.pk}", person.get_username()) for person in others]
    return [
        (str(_("Status")), [(f"status:{value}", str(label)) for value, label in Incident.Status.choices]),
        (
            str(pgettext_lazy("bulk action", "Assign to")),
            [("assign:me", str(_("me"))), ("assign:nobody", str(_("nobody"))), *to_people],
        ),
        (str(_("Watching")), [("watch:on", str(_("Watch"))), ("watch:off", str(_("Stop watching")))]),
    ]


class BulkForm(forms.Form):
    """An action such as `status:mitigated`, `assign:me` or `assign:7`, and the numbers of the incidents."""

    action = forms.CharField(max_length=40, error_messages={"required": _("Choose what to do with them.")})
    incident = forms.TypedMultipleChoiceField(coerce=int)
    resolution = forms.CharField(required=False, max_length=10_000)

    def __init__(self, *args: object, actor: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.actor = actor
        numbers = self.data.getlist("incident")[: MOST + 1]  # type: ignore[attr-defined]
        known = Incident.objects.visible_to(actor).filter(pk__in=[n for n in numbers if n.isdecimal() and len(n) < 18])
        self.incidents = list(known.select_related("assignee").order_by("-pk"))
        self.fields["incident"].choices = [(str(one.pk), "") for one in self.incidents]  # type: ignore[attr-defined]
        self.fields["incident"].error_messages["required"] = _("Pick at least one incident.")

    def clean_incident(self) -> list[int]:
        numbers = list(self.cleaned_data["incident"])
        if len(numbers) > MOST:
            raise forms.ValidationError(_("At most %(most)d incidents can be changed at once.") % {"most": MOST})
        return numbers

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        kind, _separator, value = str(data.get("action", "")).partition(":")
        if kind == "status" and value in Incident.Status.values:
            data["bulk"] = Bulk(Kind.STATUS, status=value, resolution=str(data.get("resolution", "")))
        elif kind == "assign":
            data["bulk"] = Bulk(Kind.ASSIGNEE, assignee=self._person(value))
        elif kind == "watch" and value in ("on", "off"):
            data["bulk"] = Bulk(Kind.WATCH, watch=value == "on")
        elif not self.errors:
            raise forms.ValidationError(_("Choose what to do with them."))
        return data

    def _person(self, value: str) -> User | None:
        if value == "me":
            return self.actor
        if value == "nobody":
            return None
        person = next((one for one in people() if str(one.pk) == value), None)
        if person is None:
            raise forms.ValidationError(_("That person does not work on incidents."))
        return person

    def problem(self) -> str:
        """The first complaint, as one sentence."""
        return str(next(iter(self.errors.values()))[0])
