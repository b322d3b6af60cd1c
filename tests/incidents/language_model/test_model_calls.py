"""What leaves the machine is masked, on record, and paid for within limits."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from incidents.language_model.conversation_services import ask, ask_for_draft, write_turn
from incidents.language_model.evaluation_rows import EvaluationRow
from incidents.language_model.model_calls import ModelCall
from knowledge_base.embedders.openai_compatible import ModelEmbedder
from knowledge_base.embedders.registry import embedder_for
from knowledge_base.glossary import Glossary
from sre_portal.llm import openai_compatible, registry
from sre_portal.llm.config import EmbeddingConfig
from tests.incidents.analysis.chat.samples import HOLDS, answered, intake, said
from tests.incidents.chat_samples import analysed, use
from tests.incidents.diagnostics.seeded_incidents import seeded_incidents
from tests.openai_replies import Reply, tool_call
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["openai_server"]


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    registry._breaker.cache_clear()
    for name in ("_dialects",):
        getattr(openai_compatible, name, {}).clear()


@pytest.fixture
def server(openai_server: OpenAIServer, settings) -> OpenAIServer:
    use(settings, openai_server)
    return openai_server


@pytest.mark.django_db(transaction=True)
class RecordTests:
    def test_holds_what_was_sent_and_what_came_back(self, server, bob):
        server.reply_with(answered(), json.dumps(HOLDS))

        run = analysed(bob)

        weigh, explain = run.model_calls.all()
        assert run.analyst == "openai:local-model"
        assert (explain.purpose, weigh.purpose) == ("explain", "weigh")
        assert (explain.outcome, weigh.outcome) == ("answered", "answered")
        assert explain.model == "openai:local-model"
        assert explain.endpoint == server.url.split("/")[2]
        assert explain.requested_by == bob
        assert explain.tokens_in > 500
        sent = [message["content"] for message in server.requests[0].body["messages"]]
        assert [message["content"] for message in explain.messages] == sent
        assert json.loads(explain.answer)["severity"] == "critical"
        assert sum(call.tokens_in for call in (explain, weigh)) == run.result["usage"]["input_tokens"]

    def test_is_kept_for_every_attempt(self, server, bob):
        server.reply_with(Reply(status=500, error="no"), answered(), json.dumps(HOLDS))

        run = analysed(bob)

        assert sorted(call.outcome for call in run.model_calls.all()) == ["answered", "answered", "failed"]

    def test_is_written_before_anything_is_sent(self, server, bob):
        seen: list[int] = []

        def answer(request):
            seen.append(ModelCall.objects.count())
            return answered()

        server.reply_with(answer)

        analysed(bob)

        assert seen[0] == 1

    def test_names_tools(self, server, bob):
        server.reply_with(tool_call("read_evidence", {"part": "E2"}), answered(), json.dumps(HOLDS))

        run = analysed(bob)

        assert "read_evidence" in run.model_calls.last().options["tools"]


@pytest.mark.django_db(transaction=True)
class BudgetTests:
    def test_of_the_day_counts_earlier_runs(self, server, bob, settings):
        server.reply_with(answered(), json.dumps(HOLDS), answered())
        first = analysed(bob)
        spent = sum(call.tokens_in + call.tokens_out for call in first.model_calls.all())
        settings.MODEL_DAY_TOKENS = spent + 500

        second = analysed(bob)

        assert second.analyst == "rules"
        assert any("budget" in note for note in second.result["notes"])
        assert second.model_calls.count() == 0


@pytest.mark.django_db(transaction=True)
class LeakTests:
    def test_nothing_secret_leaves_or_is_recorded(self, server, bob):
        """The whole way through the portal; two hundred incidents go through the analyst in its own tests."""
        for incident in seeded_incidents(5, seed=31):
            server.requests.clear()
            server.reply_with(answered(), json.dumps(HOLDS))

            run = analysed(bob, given=intake(description="", pasted=incident.parts))

            sent = "\n".join(request.text for request in server.requests)
            kept = json.dumps([call.messages for call in run.model_calls.all()], ensure_ascii=False)
            assert [secret for secret in incident.secrets if secret in sent or secret in kept] == []
            assert run.model_calls.first().masked

    def test_nothing_secret_leaves_by_questions_drafts_tools_and_vectors(self, server, bob, settings):
        settings.OPENAI_EMBEDDING_MODEL = "embedder"
        reply = json.dumps({"explanation": [said("Memory is full.", "F1")]})
        for incident in seeded_incidents(4, seed=97):
            server.reply_with(tool_call("read_evidence", {"part": "E1"}), answered(), json.dumps(HOLDS))
            run = analysed(bob, given=intake(description="", pasted=incident.parts))
            server.requests.clear()

            server.reply_with(tool_call("search_knowledge", {"query": "memory"}), reply)
            for part in incident.parts[:3]:
                write_turn(ask(incident=run.incident, question=part[:3_000], asker=bob, language="ko").pk)
            for kind in ("message", "status-page", "post-mortem"):
                write_turn(ask_for_draft(incident=run.incident, kind=kind, asker=bob, language="en").pk)
            embedder_for("openai:embedder", Glossary()).embed([part[:3_000] for part in incident.parts])

            sent = "\n".join(request.text for request in server.requests)
            kept = json.dumps(list(ModelCall.objects.values_list("messages", flat=True)), ensure_ascii=False)
            assert len(server.chat_requests()) >= 6
            assert len(server.requests) > len(server.chat_requests())
            assert [secret for secret in incident.secrets if secret in sent or secret in kept] == []

    def test_keys_are_neither_recorded_nor_shown(self, server, bob, settings):
        server.api_key = "another"
        run = analysed(bob)

        call = run.model_calls.first()
        everything = json.dumps([run.result, call.error, call.messages, call.answer], ensure_ascii=False)
        assert settings.OPENAI_API_KEY not in everything
        assert call.outcome == "failed"


@pytest.mark.django_db(transaction=True)
class AdminTests:
    @pytest.mark.parametrize("model", ["modelcall", "evaluationrow", "turn"])
    def test_shows_the_records_and_lets_nobody_change_them(self, client, server, alice, model):
        server.reply_with(answered(), json.dumps(HOLDS))
        analysed(alice)
        EvaluationRow.objects.create(folder="cases", analyst="rules", cases=3, summary={"category": 0.9})
        client.force_login(alice)

        assert client.get(reverse(f"admin:incidents_{model}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:incidents_{model}_add")).status_code == 403


@pytest.mark.django_db
class EmbeddingTests:
    def test_leave_masked(self, openai_server):
        config = EmbeddingConfig(model="embedder", base_url=openai_server.url, api_key="k")

        ModelEmbedder(registry.build_embeddings(config)).embed(["The server 10.20.30.40 wants password hunter2hunter2"])

        assert "10.20.30.40" not in openai_server.requests[0].text
        assert "hunter2hunter2" not in openai_server.requests[0].text
