"""The language model in the admin: checks at the press of a button, the trend, and rows for vectors."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.language_model.evaluation_rows import EvaluationRow
from incidents.language_model.model_calls import ModelCall
from incidents.model_desk.trend import trend_of
from knowledge_base.embedders.registry import embedder_for
from knowledge_base.glossary import Glossary
from sre_portal.llm import openai_compatible, registry
from tests.incidents.chat_samples import use
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["openai_server"]

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server(openai_server: OpenAIServer, settings) -> OpenAIServer:
    registry._breaker.cache_clear()
    openai_compatible._shared_client.cache_clear()
    use(settings, openai_server)
    return openai_server


@pytest.mark.django_db
class CheckPageTests:
    PAGE = "admin:incidents_modelcall_check"

    def test_asks_the_model_and_shows_what_it_can_do(self, client, server, alice):
        client.force_login(alice)

        page = client.post(reverse(self.PAGE), {"model": "local-model"}, follow=True).content.decode()

        assert "The model openai:local-model answers." in page
        assert "✓ by schema" in page
        assert ModelCall.objects.get().purpose == "check"
        assert KEY not in page
        assert "is set" in page

    def test_says_why_a_model_fails(self, client, server, alice, settings):
        settings.OPENAI_MODEL = "wrong-key"
        client.force_login(alice)

        page = client.post(reverse(self.PAGE), {"model": "wrong-key"}, follow=True).content.decode()

        assert "can&#x27;t be used" in page
        assert KEY not in page

    def test_asks_nobody_who_is_not_configured(self, client, server, alice):
        client.force_login(alice)

        client.post(reverse(self.PAGE), {"model": "x@http://127.0.0.1:1/v1"})

        assert not server.requests

    def test_checks_the_embedding_model_too(self, client, server, alice, settings):
        settings.OPENAI_EMBEDDING_MODEL = "embedder"
        client.force_login(alice)

        page = client.post(reverse(self.PAGE), {"model": "embeddings"}, follow=True).content.decode()

        assert "64 dimensions" in page

    def test_is_for_administrators(self, client, server, carol):
        client.force_login(carol)

        assert client.post(reverse(self.PAGE), {"model": "local-model"}).status_code in (302, 403)
        assert not server.requests

    def test_says_that_none_is_configured(self, client, alice, settings):
        settings.CHAT_ENABLED = False
        client.force_login(alice)

        assert "No model is configured" in client.get(reverse(self.PAGE)).content.decode()


def row(analyst: str = "rules", *, verified: bool = True, category: float = 1.0, tokens: int = 0) -> EvaluationRow:
    return EvaluationRow.objects.create(
        folder="cases", analyst=analyst, with_verification=verified, cases=10, tokens=tokens, cost=0.01, seconds=1.5,
        summary={"category": category, "severity": 1.0, "cause": 0.9},
    )  # fmt: skip


@pytest.mark.django_db
class TrendTests:
    def test_draws_one_line_per_arm(self):
        for category in (0.5, 0.7, 1.0):
            row("openai:m", category=category, tokens=1000)
        row("openai:m", verified=False, category=0.2)

        trend = trend_of(EvaluationRow.objects.order_by("-id"))

        assert [(arm.with_verification, arm.number) for arm in trend.arms] == [(False, 1), (True, 3)]
        panels = {panel.name: panel for panel in trend.panels}
        assert set(panels) == {"category", "severity", "cause", "tokens", "cost", "seconds"}
        heights = [point.y for point in panels["category"].lines[1].points]
        assert heights == sorted(heights, reverse=True)
        assert panels["tokens"].highest == "100"

    def test_is_shown_above_the_rows(self, client, alice):
        row("openai:m", tokens=1000)
        client.force_login(alice)

        page = client.get(reverse("admin:incidents_evaluationrow_changelist")).content.decode()

        assert page.count("<polyline") == 6
        assert "openai:m" in page

    def test_is_absent_without_rows(self, client, alice):
        client.force_login(alice)

        page = client.get(reverse("admin:incidents_evaluationrow_changelist")).content.decode()

        assert "<polyline" not in page


@pytest.mark.django_db
class VectorTests:
    def embed(self, settings, *texts: str) -> None:
        settings.OPENAI_EMBEDDING_MODEL = "embedder"
        embedder_for("openai:embedder", Glossary()).embed(texts)

    def test_leave_a_row_with_what_was_sent(self, server, settings):
        self.embed(settings, "memory is full on 10.20.30.40", "requirepass hunter2secret")

        call = ModelCall.objects.get()
        assert (call.purpose, call.outcome, call.options) == ("embed", "answered", {"texts": 2})
        assert call.tokens_in > 0
        assert call.masked == {"ip": 1, "password": 1}
        sent = server.requests[0].text + str(call.messages)
        assert "10.20.30.40" not in sent
        assert "hunter2secret" not in sent

    def test_leave_a_row_per_attempt(self, server, settings):
        server.failures = 1

        self.embed(settings, "memory is full")

        assert sorted(ModelCall.objects.values_list("outcome", flat=True)) == ["answered", "failed"]

    def test_count_in_the_budget_of_the_day(self, server, settings):
        self.embed(settings, "memory is full")

        call = ModelCall.objects.get()
        assert ModelCall.objects.of_day(call.at.date()).spent().tokens == call.tokens_in
