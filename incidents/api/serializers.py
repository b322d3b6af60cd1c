"""Requests and answers of the API about incidents."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.reverse import reverse

from incidents.api.fields import FilesField, InfoField, LinesField, within_limit
from incidents.diagnostics.intake import IncidentInput
from incidents.language import current_language
from incidents.models import AnalysisRun, EvidenceItem, Incident, Language, RunEventRow

User = get_user_model()


class EvidenceRequest(serializers.Serializer[IncidentInput]):
    """What can be handed in at any time. `pasted` may be anything; what it is gets recognised."""

    error_logs = LinesField(required=False, help_text=_("log lines, as a list or as one text"))
    metrics = serializers.DictField(required=False, help_text=_("name → value"))
    redis_info = InfoField(required=False, help_text=_("output of INFO ALL"))
    artifacts = serializers.DictField(
        required=False,
        help_text=_("other captures by name: slowlog, client_list, latency_doctor, memory_stats, config …"),
    )
    files = FilesField(required=False)
    pasted = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, help_text=_("anything"))

    def validate_pasted(self, value: str) -> str:
        return within_limit(value, "pasted")

    def intake(self) -> IncidentInput:
        data = self.validated_data
        return IncidentInput(
            error_logs=data.get("error_logs", ()),
            metrics=data.get("metrics", {}),
            redis_info=data.get("redis_info", ""),
            artifacts=data.get("artifacts", {}),
            files=data.get("files", ()),
            pasted=(data["pasted"],) if data.get("pasted", "").strip() else (),
            **{name: data.get(name, "") for name in ("timestamp", "redis_version", "deployment_type", "description")},
        )


class AnalyzeRequest(EvidenceRequest):
    """An incident to be analysed. Every field is optional; at least one must say something."""

    timestamp = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text=_("when it happened"))
    redis_version = serializers.CharField(required=False, allow_blank=True, max_length=40)
    deployment_type = serializers.CharField(
        required=False, allow_blank=True, max_length=40, help_text=_("standalone, replication, sentinel or cluster")
    )
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    language = serializers.ChoiceField(
        required=False, choices=Language.choices, help_text=_("language of the report; else that of Accept-Language")
    )

    def report_language(self) -> str:
        return str(self.validated_data.get("language") or current_language())


class PersonField(serializers.SlugRelatedField[Any]):
    """A user by name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="username", **kwargs)


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    incident_id = serializers.CharField(source="public_id", read_only=True)
    reporter = PersonField(read_only=True)
    assignee = PersonField(queryset=User.objects.filter(is_active=True), allow_null=True, required=False)
    url = serializers.SerializerMethodField()
    result_url = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = [
            "incident_id", "title", "status", "severity", "category", "summary", "confidence", "description",
            "timestamp", "occurred_at", "redis_version", "deployment_type", "language", "reporter", "assignee",
            "created_at", "updated_at", "resolved_at", "resolution", "diagnosis_right", "url", "result_url",
        ]  # fmt: skip
        read_only_fields = [
            "severity", "category", "summary", "confidence", "timestamp", "occurred_at", "language", "created_at",
            "updated_at", "resolved_at",
        ]  # fmt: skip

    def get_url(self, incident: Incident) -> str:
        return reverse("api-incident", args=[incident.pk], request=self.context.get("request"))

    def get_result_url(self, incident: Incident) -> str:
        return reverse("api-result", args=[incident.pk], request=self.context.get("request"))


class EvidenceSerializer(serializers.ModelSerializer[EvidenceItem]):
    number = serializers.IntegerField(source="sequence", read_only=True)
    added_by = PersonField(read_only=True)

    class Meta:
        model = EvidenceItem
        fields = ["number", "origin", "kind", "name", "node", "lines", "size", "added_by", "added_at"]


class EvidenceTextSerializer(EvidenceSerializer):
    class Meta(EvidenceSerializer.Meta):
        fields = [*EvidenceSerializer.Meta.fields, "text"]


class RunSerializer(serializers.ModelSerializer[AnalysisRun]):
    run_id = serializers.IntegerField(source="pk", read_only=True)
    incident_id = serializers.CharField(source="incident.public_id", read_only=True)
    requested_by = PersonField(read_only=True)
    run_url = serializers.SerializerMethodField()
    events_url = serializers.SerializerMethodField()
    result_url = serializers.SerializerMethodField()

    class Meta:
        model = AnalysisRun
        fields = [
            "run_id", "incident_id", "status", "language", "analyst", "requested_by", "queued_at", "started_at",
            "finished_at", "error", "usage", "run_url", "events_url", "result_url",
        ]  # fmt: skip

    def get_run_url(self, run: AnalysisRun) -> str:
        return reverse("api-run", args=[run.pk], request=self.context.get("request"))

    def get_events_url(self, run: AnalysisRun) -> str:
        return reverse("api-run-events", args=[run.pk], request=self.context.get("request"))

    def get_result_url(self, run: AnalysisRun) -> str:
        return reverse("api-result", args=[run.incident_id], request=self.context.get("request"))


class RunEventSerializer(serializers.ModelSerializer[RunEventRow]):
    class Meta:
        model = RunEventRow
        fields = ["sequence", "kind", "payload", "at"]


class RunDetailSerializer(RunSerializer):
    result = serializers.JSONField(read_only=True)
    events = RunEventSerializer(many=True, read_only=True)

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "result", "events"]


# --- The report, for the schema --------------------------------------------------------------------------------


class QuotedEvidenceSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the option
    line = serializers.IntegerField(allow_null=True)
    node = serializers.CharField()
    at = serializers.CharField()


class StepSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    command = serializers.CharField()
    where = serializers.CharField()
    risk = serializers.ChoiceField(choices=["read-only", "changes-settings", "blocks", "loses-data"])
    warning = serializers.CharField()
    blocking_ms = serializers.IntegerField(allow_null=True)
    cost = serializers.CharField()
    undo = serializers.CharField()
    verify = serializers.CharField()
    expect = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the option


class ReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    score = serializers.FloatField()
    status = serializers.CharField()
    url = serializers.CharField()
    excerpt = serializers.CharField()


class ResultSerializer(serializers.Serializer[Any]):
    """AnalysisResult: the verdict, what it rests on and what to do."""

    incident_id = serializers.CharField()
    severity = serializers.ChoiceField(choices=["critical", "high", "medium", "low"])
    category = serializers.CharField()
    summary = serializers.CharField()
    root_cause_analysis = serializers.CharField()
    immediate_actions = StepSerializer(many=True)
    detailed_steps = StepSerializer(many=True)
    related_cases = ReferenceSerializer(many=True)
    prevention_tips = serializers.ListField(child=serializers.CharField())
    confidence_score = serializers.FloatField(min_value=0, max_value=1)
    references = ReferenceSerializer(many=True)
    incident_detected = serializers.BooleanField()
    findings = serializers.ListField(child=serializers.DictField())
    hypotheses = serializers.ListField(child=serializers.DictField())
    causal_chain = serializers.ListField(child=serializers.DictField())
    missing_evidence = StepSerializer(many=True)
    skipped = serializers.ListField(child=serializers.DictField())
    forecasts = serializers.ListField(child=serializers.DictField())
    facts = serializers.DictField()
    notes = serializers.ListField(child=serializers.CharField())
    analyst = serializers.CharField()
    language = serializers.ChoiceField(choices=Language.choices)
    usage = serializers.DictField()


class ErrorSerializer(serializers.Serializer[Any]):
    """Every error looks like this."""

    error = serializers.DictField(help_text=_("code, message and, for wrong fields, `fields`"))
