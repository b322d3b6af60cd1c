"""What people type in when an incident ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from incidents.closing.cases import cause_label
from incidents.closing.models import Closing
from incidents.closing.post_mortems import LONGEST
from incidents.closing.services import KEPT, Answers, Task
from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.language import current_language
from incidents.models import Category, Incident

TASKS = 3
Right = Incident.DiagnosisRight


def causes() -> list[tuple[str, Any]]:
    """Every cause of the catalogue by category, in the reader's language."""
    language = current_language()
    grouped: dict[str, list[tuple[str, str]]] = {}
    for one in all_hypotheses().values():
        grouped.setdefault(one.category.value, []).append((one.id, cause_label(one.title, language)))
    named = [
        (str(Category(name).label), sorted(grouped[name], key=lambda pair: pair[1]))
        for name in Category.values
        if name in grouped
    ]
    return [("", _("Not in this list")), *named]


class ClosingForm(forms.Form):
    """What fixed it, how that was seen, and whether the diagnosis was right; if not, what it was."""

    resolution = forms.CharField(
        label=_("What fixed it?"), required=False, max_length=10_000, widget=forms.Textarea({"rows": 4}),
        help_text=_("One step per line. A case for the knowledge base is drafted from it, masked."),
    )  # fmt: skip
    verified = forms.CharField(
        label=_("How do you know that it is fixed?"), required=False, max_length=2_000,
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip
    diagnosis_right = forms.ChoiceField(
        label=_("Was the diagnosis right?"), required=False,
        choices=[*Right.choices, ("", _("Not known"))], widget=forms.RadioSelect,
        help_text=_("This is what the confidence of later reports is held against."),
    )  # fmt: skip
    actual_cause = forms.ChoiceField(label=_("What was it?"), required=False, choices=causes)
    actual_category = forms.ChoiceField(
        label=_("Or only its category"), required=False, choices=[("", "—"), *Category.choices]
    )
    actual_words = forms.CharField(
        label=_("In your words"), required=False, max_length=500,
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
    prevention = forms.CharField(
        label=_("So that it does not come back"), required=False, max_length=5_000,
        widget=forms.Textarea({"rows": 3}), help_text=_("One per line."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("username")
        for number in range(TASKS):
            self.fields[f"task_{number}"] = forms.CharField(
                label=_("Task"), required=False, max_length=500,
                widget=forms.TextInput({"autocomplete": "off", "placeholder": _("What remains to be done?")}),
            )  # fmt: skip
            self.fields[f"owner_{number}"] = forms.ModelChoiceField(
                people, label=_("Owner"), required=False, to_field_name="username", empty_label=_("Nobody yet")
            )
            self.fields[f"due_{number}"] = forms.DateField(
                label=_("Due"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
            )

    @property
    def tasks(self) -> Iterator[tuple[forms.BoundField, ...]]:
        """The rows of the follow-up tasks."""
        for number in range(TASKS):
            yield tuple(self[f"{name}_{number}"] for name in ("task", "owner", "due"))

    @classmethod
    def of(cls, closing: Closing | None, incident: Incident) -> ClosingForm:
        """A form with what has been said before."""
        if closing is not None:
            return cls(initial={name: getattr(closing, name) for name in KEPT})
        return cls(initial={"resolution": incident.resolution, "diagnosis_right": incident.diagnosis_right})

    def answers(self) -> Answers:
        data = self.cleaned_data
        said = {name: data[name] for name in KEPT}
        if said["diagnosis_right"] in (Right.YES, ""):  # the page hides these then
            said |= {"actual_cause": "", "actual_category": "", "actual_words": ""}
        tasks = [Task(data[f"task_{n}"], data[f"owner_{n}"], data[f"due_{n}"]) for n in range(TASKS)]
        return Answers(**said, tasks=[task for task in tasks if task.text.strip()])


class FollowUpForm(forms.Form):
    text = forms.CharField(label=_("Task"), max_length=500)
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True), label=_("Owner"), required=False, to_field_name="username"
    )
    due = forms.DateField(label=_("Due"), required=False)


class PostMortemForm(forms.Form):
    body = forms.CharField(
        label=_("Text"), max_length=LONGEST, strip=False,
        widget=forms.Textarea({"rows": 30, "class": "mono post-mortem-text", "spellcheck": "true"}),
    )  # fmt: skip
    note = forms.CharField(
        label=_("What did you change?"), required=False, max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class VerdictForm(forms.Form):
    """What somebody says about a report or a document; `withdraw` takes it back."""

    verdict = forms.ChoiceField(choices=[("helped", ""), ("wrong", ""), ("withdraw", "")])
    why = forms.CharField(required=False, max_length=500)
