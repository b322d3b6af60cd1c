"""What the API about knowledge takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from knowledge_base.models import KnowledgeDocument
from knowledge_base.passages import Filters


class DiagnosisStepSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(required=False)
    command = serializers.CharField(required=False)
    expect = serializers.CharField(required=False, help_text="what a healthy answer looks like")


class SolutionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(required=False)
    command = serializers.CharField(required=False)
    risk = serializers.ChoiceField(
        required=False, choices=["", "read-only", "changes-settings", "blocks", "loses-data"]
    )
    verify = serializers.CharField(required=False)
    undo = serializers.CharField(required=False)


class AppliesToSerializer(serializers.Serializer[Any]):
    products = serializers.ListField(child=serializers.CharField(), required=False)
    versions = serializers.CharField(required=False, help_text=">=6.0,<8")
    topologies = serializers.ListField(child=serializers.CharField(), required=False)
    governs = serializers.ListField(child=serializers.CharField(), required=False, help_text="session-*: house rules")
    labels = serializers.ListField(child=serializers.CharField(), required=False, help_text="tier=gold, env=production")
    forbids = serializers.ListField(child=serializers.CharField(), required=False, help_text="beginnings of commands")
    requires = serializers.ListField(child=serializers.CharField(), required=False, help_text="sentences")
    supersedes = serializers.ListField(child=serializers.CharField(), required=False, help_text="identifiers")
    superseded_by = serializers.CharField(required=False)
    valid_until = serializers.CharField(required=False, help_text="2026-12-31")


class DocumentWriteSerializer(serializers.Serializer[Any]):
    """A knowledge document as it is sent. Describes the schema; the fields are checked by `document_fields`."""

    id = serializers.CharField(required=False, help_text="made from the title when it is missing; can't be changed")
    kind = serializers.ChoiceField(choices=KnowledgeDocument.Kind.choices, required=False)
    language = serializers.ChoiceField(choices=KnowledgeDocument.Language.choices, required=False)
    topic = serializers.CharField(required=False)
    category = serializers.ChoiceField(choices=KnowledgeDocument.Category.choices)
    severity = serializers.ChoiceField(choices=KnowledgeDocument.Severity.choices, required=False)
    title = serializers.CharField()
    symptoms = serializers.ListField(child=serializers.CharField(), required=False)
    root_causes = serializers.ListField(child=serializers.CharField(), required=False)
    diagnosis_steps = DiagnosisStepSerializer(many=True, required=False)
    solutions = SolutionSerializer(many=True, required=False)
    prevention = serializers.ListField(child=serializers.CharField(), required=False)
    related_metrics = serializers.ListField(child=serializers.CharField(), required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    applies_to = AppliesToSerializer(required=False)
    preconditions = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="findings; any one admits the document to an analysis"
    )
    questions = serializers.ListField(child=serializers.CharField(), required=False)
    sources = serializers.ListField(child=serializers.CharField(), required=False)
    notes = serializers.CharField(required=False, help_text="free Markdown")
    status = serializers.ChoiceField(choices=KnowledgeDocument.Status.choices, required=False)
    owner = serializers.CharField(required=False)
    review_by = serializers.DateField(required=False, allow_null=True)
    reason = serializers.CharField(required=False, write_only=True, help_text="why; stands in the history")
    override = serializers.CharField(
        required=False, write_only=True, help_text="why to publish although retrieval contracts break"
    )


class DocumentSerializer(DocumentWriteSerializer):
    """A knowledge document as it is given."""

    revision = serializers.IntegerField(read_only=True)
    held_back = serializers.CharField(read_only=True, help_text="why a new document was not published; often empty")
    draft = serializers.SerializerMethodField(help_text="the text that waits beside the published one")
    origin = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    url = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, document: KnowledgeDocument) -> str:
        return page_of(document.pk, self.context)

    @extend_schema_field({
        "type": "object", "nullable": True,
        "properties": {"revision": {"type": "integer"}, "state": {"type": "string", "enum": ["draft", "in_review"]}},
    })  # fmt: skip
    def get_draft(self, document: KnowledgeDocument) -> dict[str, Any] | None:
        """For those who may edit."""
        request = self.context.get("request")
        draft = getattr(document, "working_draft", None) if _may_edit(request) else None
        return {"revision": draft.revision.number, "state": draft.state} if draft is not None else None


def _may_edit(request: Any) -> bool:
    return request is not None and request.user.has_perm("knowledge_base.change_knowledgedocument")


class RevisionSerializer(serializers.Serializer[Any]):
    """What a document said from one change to the next."""

    number = serializers.IntegerField()
    content = serializers.DictField()
    author = serializers.CharField(source="author.username", default="")
    how = serializers.CharField(source="source", help_text="edited, imported, shipped, suggested or rolled_back")
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True, help_text="null: readers never had this text")


class PassageSerializer(serializers.Serializer[Any]):
    """A document that answers, with the place in it that fits best and the reasons."""

    document_id = serializers.CharField()
    revision = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.CharField()
    category = serializers.CharField()
    severity = serializers.CharField()
    language = serializers.CharField()
    topic = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    score = serializers.FloatField(help_text="0–1, the same scale with every embedder")
    part = serializers.CharField(help_text="field and line: solutions[2]")
    excerpt = serializers.CharField(help_text="the line that fits best")
    text = serializers.CharField(help_text="the passage around it")
    why = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    @extend_schema_field({
        "type": "object",
        "properties": {
            "words": {"type": "array", "items": {"type": "string"}},
            "concepts": {"type": "array", "items": {"type": "string"}},
            "coverage": {"type": "number"},
            "similarity": {"type": "number", "nullable": True},
            "feedback": {"type": "object", "nullable": True, "description": "helped, wrong, and what they add"},
        },
    })  # fmt: skip
    def get_why(self, passage: Any) -> dict[str, Any]:
        why = passage.why
        return {
            "words": list(why.words),
            "concepts": list(why.concepts),
            "coverage": why.coverage,
            "similarity": why.similarity,
            "feedback": asdict(why.opinion) if why.opinion else None,
        }

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, passage: Any) -> str:
        return page_of(passage.document_id, self.context)


class SearchResultSerializer(serializers.Serializer[Any]):
    query = serializers.CharField()
    results = PassageSerializer(many=True, source="passages")
    abstained = serializers.BooleanField(help_text="nothing here is about the question")
    vector_available = serializers.BooleanField(help_text="false: answered from the full text alone")
    problem = serializers.CharField(help_text="why vector search did not take part")
    embedder = serializers.CharField()


class OneOrMany(serializers.ListField):
    """A list; a single value counts as a list of one, and commas part values in a query string."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            data = [part.strip() for part in data.split(",") if part.strip()]
        return super().to_internal_value(data)

    def get_value(self, dictionary: Any) -> Any:
        return dictionary.get(self.field_name, serializers.empty)


def _names(choices: Any) -> OneOrMany:
    return OneOrMany(child=serializers.ChoiceField(choices=choices), required=False, default=list)


class FiltersSerializer(serializers.Serializer[Any]):
    category = _names(KnowledgeDocument.Category.choices)
    kind = _names(KnowledgeDocument.Kind.choices)
    language = _names(KnowledgeDocument.Language.choices)
    severity = _names(KnowledgeDocument.Severity.choices)
    tags = OneOrMany(child=serializers.CharField(), required=False, default=list)
    product = serializers.CharField(required=False, default="", allow_blank=True)
    version = serializers.CharField(required=False, default="", allow_blank=True)
    topology = serializers.CharField(required=False, default="", allow_blank=True)

    @staticmethod
    def filters_of(values: dict[str, Any]) -> Filters:
        return Filters(
            categories=tuple(values.get("category", ())),
            kinds=tuple(values.get("kind", ())),
            languages=tuple(values.get("language", ())),
            severities=tuple(values.get("severity", ())),
            tags=tuple(values.get("tags", ())),
            product=values.get("product", ""),
            version=values.get("version", ""),
            topology=values.get("topology", ""),
        )


class SearchRequestSerializer(serializers.Serializer[Any]):
    query = serializers.CharField(max_length=20_000)
    language = serializers.ChoiceField(
        choices=KnowledgeDocument.Language.choices, required=False, help_text="preferred; every language is searched"
    )
    limit = serializers.IntegerField(min_value=1, max_value=50, required=False, help_text="RAG_TOP_K by default")
    threshold = serializers.FloatField(
        min_value=0, max_value=1, required=False, help_text="RAG_SIMILARITY_THRESHOLD by default"
    )
    filters = FiltersSerializer(required=False)


class SimilarRequestSerializer(FiltersSerializer):
    query = serializers.CharField(max_length=20_000)
    limit = serializers.IntegerField(min_value=1, max_value=50, required=False)
    prefer = serializers.ChoiceField(choices=KnowledgeDocument.Language.choices, required=False)


class ImportRequestSerializer(serializers.Serializer[Any]):
    documents = DocumentWriteSerializer(many=True, required=False)
    markdown = serializers.ListField(child=serializers.CharField(), required=False, help_text="texts of Markdown files")
    all_or_nothing = serializers.BooleanField(required=False, default=False)
    dry_run = serializers.BooleanField(required=False, default=False)


class VerdictSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="from 1")
    id = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["created", "updated", "unchanged", "conflict", "refused"])
    reasons = serializers.DictField(help_text="why it was refused, by field")


class ImportReportSerializer(serializers.Serializer[Any]):
    applied = serializers.BooleanField(help_text="false: nothing was changed")
    counts = serializers.DictField(child=serializers.IntegerField())
    results = VerdictSerializer(many=True, source="verdicts")


class LintNoteSerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=["error", "warning"], help_text="an error blocks publishing")
    rule = serializers.CharField()
    field = serializers.CharField(help_text="empty: the document as a whole")
    place = serializers.CharField(help_text="field and line: solutions[2].command")
    text = serializers.CharField(help_text="what is wrong")
    todo = serializers.CharField(help_text="what to do about it")
    other = serializers.CharField(help_text="the other document, where there is one")


class LintReportSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    error_count = serializers.IntegerField()
    warning_count = serializers.IntegerField()
    notes = LintNoteSerializer(many=True)


class IndexHealthSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["ok", "catching_up", "degraded", "unavailable"])
    problem = serializers.CharField()
    documents = serializers.IntegerField()
    chunks = serializers.IntegerField()
    vectors = serializers.IntegerField()
    waiting = serializers.IntegerField()
    failed = serializers.IntegerField()
    oldest_wait_seconds = serializers.FloatField()
    sample_asked = serializers.IntegerField()
    sample_found = serializers.IntegerField()
    checked_at = serializers.DateTimeField(allow_null=True)
    collection = serializers.CharField()
    embedder = serializers.CharField()
    rebuilding = serializers.BooleanField()


def page_of(document_id: str, context: Mapping[str, Any]) -> str:
    address = reverse("knowledge-detail", args=[document_id])
    request = context.get("request")
    return str(request.build_absolute_uri(address)) if request is not None else address
