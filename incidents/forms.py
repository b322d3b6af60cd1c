"""What people type in: an incident, more evidence, a new status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from incidents.diagnostics.intake import IncidentInput
from incidents.models import Incident, Language
from incidents.uploads import Uploads, read_uploads, too_large


class EvidenceField(forms.CharField):
    """A text of any size up to the limit, kept as it was pasted. NUL bytes are no reason to refuse a log."""

    widget = forms.Textarea

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        attributes = {"rows": rows, "class": "mono", "spellcheck": "false", "autocomplete": "off"}
        super().__init__(required=False, strip=False, widget=forms.Textarea(attributes), **kwargs)
        self.validators = []

    def clean(self, value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n")
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > settings.UPLOAD_LIMIT_BYTES:
            raise forms.ValidationError(too_large(str(self.label), size))
        return text


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, read as texts."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Uploads:
        files = data if isinstance(data, list | tuple) else [data] if isinstance(data, UploadedFile) else []
        uploads = read_uploads(files)
        if uploads.complaints:
            raise forms.ValidationError(uploads.complaints)
        return uploads


GAP = "gap:"  # before the command that the report asked for, in the name of its box
MOST_GAPS = 20


def announced(command: str, output: str) -> str:
    """The output behind the command that made it, as a terminal shows it; many outputs do not say what they are."""
    first = output.lstrip().partition("\n")[0]
    return output if command.split()[-1] in first else f"$ {command}\n{output}"


class EvidenceForm(forms.Form):
    """The paste-anything box and the files beside it."""

    pasted = EvidenceField(
        label=_("Paste anything"), rows=14,
        help_text=_("INFO, server log, SLOWLOG, CLIENT LIST, CLUSTER NODES, error messages … together if you like."),
    )  # fmt: skip
    files = FilesField(  # type: ignore[assignment]  # Django takes the field out of the class
        label=_("Files"), required=False,
        help_text=_("Text up to 10 MB each; .gz, .zip and .tar are unpacked."),
    )  # fmt: skip

    @property
    def gaps(self) -> dict[str, str]:
        """What was pasted for commands that the report asked for, by command."""
        names = [name for name in self.data if name.startswith(GAP)][:MOST_GAPS]
        texts = {name.removeprefix(GAP): str(self.data[name]) for name in names}
        return {command: text for command, text in texts.items() if text.strip()}

    def intake(self) -> IncidentInput:
        data = self.cleaned_data
        pasted = [data["pasted"], *(announced(command, text) for command, text in data["gaps"].items())]
        return IncidentInput(pasted=tuple(text for text in pasted if text.strip()), files=tuple(data["files"].texts))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["gaps"] = {command: self.fields["pasted"].clean(text) for command, text in self.gaps.items()}
        if not self.errors and not self.has_anything(data):
            raise forms.ValidationError(
                _("There is nothing to analyse yet: describe it, paste something or add a file.")
            )
        return data

    def has_anything(self, data: Mapping[str, Any]) -> bool:
        return bool(str(data.get("pasted", "")).strip() or data["files"].texts or data.get("gaps"))

    @property
    def left_out(self) -> list[str]:
        """Entries of archives that are no text, to be told to the person."""
        return list(self.cleaned_data["files"].left_out)


class IncidentForm(EvidenceForm):
    """A new incident: what is wrong, anything pasted, and the fields that programs fill in."""

    description = forms.CharField(
        label=_("What is happening?"), required=False, max_length=20_000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("One sentence is enough, and optional."),
    )  # fmt: skip
    timestamp = forms.CharField(
        label=_("When did it happen?"), required=False, max_length=64,
        widget=forms.TextInput({"placeholder": "2026-11-22 03:12:05", "autocomplete": "off"}),
        help_text=_("As the server's log writes it."),
    )  # fmt: skip
    deployment_type = forms.ChoiceField(
        label=_("Deployment"), required=False, choices=[("", _("Not known")), *Incident.Deployment.choices]
    )
    redis_version = forms.CharField(
        label=_("Redis version"), required=False, max_length=40,
        widget=forms.TextInput({"placeholder": "7.2.4", "autocomplete": "off"}),
    )  # fmt: skip
    redis_info = EvidenceField(label="INFO", rows=6, help_text=_("Output of redis-cli INFO ALL."))
    error_logs = EvidenceField(label=_("Error logs"), rows=6)
    metrics = EvidenceField(label=_("Metrics"), rows=4, help_text=_("As JSON, or one “name: value” per line."))
    language = forms.ChoiceField(label=_("Language of the report"), choices=Language.choices, widget=forms.RadioSelect)

    def has_anything(self, data: Mapping[str, Any]) -> bool:
        texts = ("description", "redis_info", "error_logs", "metrics")
        return super().has_anything(data) or any(str(data.get(name, "")).strip() for name in texts)

    def intake(self) -> IncidentInput:
        data = self.cleaned_data
        metrics = metrics_of(data["metrics"])
        unread = data["metrics"] if data["metrics"].strip() and metrics is None else ""
        return IncidentInput(
            timestamp=data["timestamp"],
            error_logs=tuple(data["error_logs"].splitlines()),
            metrics=metrics or {},
            redis_info=data["redis_info"],
            redis_version=data["redis_version"],
            deployment_type=data["deployment_type"],
            description=data["description"].strip(),
            files=tuple(data["files"].texts),
            pasted=tuple(text for text in (data["pasted"], unread) if text.strip()),
        )


def metrics_of(text: str) -> dict[str, Any] | None:
    """Read metrics from JSON or from "name: value" lines. None for anything else, which is then read as pasted."""
    try:
        data = json.loads(text)
    except ValueError:
        return _metric_lines(text)
    return data if isinstance(data, dict) else None


def _metric_lines(text: str) -> dict[str, Any] | None:
    metrics: dict[str, Any] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, separator, value = line.partition(":") if ":" in line else line.partition("=")
        if not separator or " " in name.strip():
            return None
        metrics[name.strip()] = _number(value.strip())
    return metrics


def _number(value: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


class StatusForm(forms.Form):
    status = forms.ChoiceField(choices=Incident.Status.choices)
    resolution = forms.CharField(required=False, max_length=10_000)
    diagnosis_right = forms.ChoiceField(required=False, choices=[("", "—"), *Incident.DiagnosisRight.choices])
