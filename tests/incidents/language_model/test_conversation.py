"""Questions and drafts about an incident, as people see them."""

from __future__ import annotations

import json

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from incidents.language_model.conversation_services import NothingToAskAbout, ask, ask_for_draft, write_turn
from incidents.language_model.conversations import Turn
from incidents.language_model.model_calls import ModelCall
from sre_portal.llm import openai_compatible, registry
from tests.incidents.analysis.chat.samples import HOLDS, answered, intake, said
from tests.incidents.chat_samples import analysed, use
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["openai_server"]

REPLY = {"explanation": [said("Because memory is full and nothing may be evicted.", "F1")]}


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    registry._breaker.cache_clear()
    for name in ("_dialects",):
        getattr(openai_compatible, name, {}).clear()


@pytest.fixture
def server(openai_server: OpenAIServer, settings) -> OpenAIServer:
    use(settings, openai_server)
    return openai_server


@pytest.fixture
def incident(server, bob):
    server.reply_with(answered(), json.dumps(HOLDS))
    return analysed(bob, given=intake(description="10.20.30.40 refuses writes.")).incident


def written(turn: Turn) -> Turn:
    write_turn(turn.pk)
    turn.refresh_from_db()
    return turn


@pytest.mark.django_db(transaction=True)
class QuestionTests:
    def test_is_answered_from_the_same_evidence(self, server, incident, bob):
        server.reply_with(json.dumps(REPLY))

        turn = written(ask(incident=incident, question="Why?", asker=bob, language="en"))

        assert turn.status == "done"
        assert turn.answer.startswith("Because memory is full")
        assert "[mem-maxmemory-pressure]" in turn.answer
        assert turn.analyst == "openai:local-model"
        sent = server.requests[-1].body["messages"]
        assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
        assert sent[-1]["content"] == "Why?"
        assert "10.20.30.40" not in server.requests[-1].text
        assert ModelCall.objects.filter(purpose="follow-up").count() == 1

    def test_remembers_what_was_said_before(self, server, incident, bob):
        server.reply_with(json.dumps(REPLY))
        written(ask(incident=incident, question="Why?", asker=bob, language="en"))

        written(ask(incident=incident, question="And then?", asker=bob, language="en"))

        contents = [message["content"] for message in server.requests[-1].body["messages"]]
        assert contents[-3] == "Why?"
        assert contents[-1] == "And then?"

    def test_keeps_what_does_not_stand_apart(self, server, incident, bob):
        reply = {"explanation": [*REPLY["explanation"], said("Run `FLUSHALL`.", "F1")]}
        server.reply_with(json.dumps(reply))

        turn = written(ask(incident=incident, question="What now?", asker=bob, language="en"))

        assert "FLUSHALL" not in turn.answer
        assert turn.struck[0]["text"] == "Run `FLUSHALL`."

    @pytest.mark.parametrize("model", ["server-error", "refusal", "wrong-schema", "cut"])
    def test_gets_the_reason_when_the_model_fails(self, server, incident, bob, settings, model):
        settings.OPENAI_MODEL = model
        server._script.clear()

        turn = written(ask(incident=incident, question="왜 그런가요?", asker=bob, language="ko"))

        assert turn.status == "failed"
        assert "보고서의 내용은 그대로 유효합니다" in turn.notice

    def test_needs_words_and_a_report(self, incident, bob):
        with pytest.raises(NothingToAskAbout):
            ask(incident=incident, question="  ", asker=bob, language="en")

    def test_is_written_once(self, server, incident, bob):
        server.reply_with(json.dumps(REPLY))
        turn = ask(incident=incident, question="Why?", asker=bob, language="en")

        assert write_turn(turn.pk) is not None
        assert write_turn(turn.pk) is None


@pytest.mark.django_db(transaction=True)
class DraftTests:
    @pytest.mark.parametrize("kind", ["message", "status-page", "post-mortem"])
    @pytest.mark.parametrize("language", ["ko", "en"])
    def test_comes_from_a_template_without_a_model(self, incident, bob, settings, kind, language):
        settings.CHAT_ENABLED = False

        turn = written(ask_for_draft(incident=incident, kind=kind, asker=bob, language=language))

        assert turn.status == "done"
        assert turn.analyst == "rules"
        assert "$" not in turn.answer
        assert any("가" <= char <= "힣" for char in turn.answer) == (language == "ko")
        assert ("10.20.30.40" in turn.answer) is False or kind != "status-page"

    def test_is_written_by_the_model(self, server, incident, bob):
        server.reply_with(json.dumps({"explanation": [said("Writes fail since noon.", "F1")]}))

        turn = written(ask_for_draft(incident=incident, kind="message", asker=bob, language="en"))

        assert turn.answer == "Writes fail since noon."
        assert server.requests[-1].body["messages"][-1]["content"] == "message"

    def test_for_customers_names_nothing_internal(self, server, incident, bob):
        server.reply_with(json.dumps({"explanation": [said("The server <IP_1> refuses writes.", "F1")]}))

        turn = written(ask_for_draft(incident=incident, kind="status-page", asker=bob, language="en"))

        assert turn.answer == "The server an internal system refuses writes."

    def test_falls_back_to_its_template(self, server, incident, bob, settings):
        settings.OPENAI_MODEL = "refusal"
        server._script.clear()

        turn = written(ask_for_draft(incident=incident, kind="message", asker=bob, language="en"))

        assert turn.status == "done"
        assert "written from the template" in turn.notice


@pytest.mark.django_db(transaction=True)
class PageTests:
    def test_asks_and_shows(self, client, server, incident, bob):
        client.force_login(bob)
        address = reverse("conversation", args=[incident.pk])

        answer = client.post(address, {"question": "Why?", "language": "en"}, headers={"HX-Request": "true"})
        turn = Turn.objects.get()
        server.reply_with(json.dumps(REPLY))
        write_turn(turn.pk)
        page = client.get(address).content.decode()

        assert "sse-connect" in answer.content.decode()
        assert "Because memory is full" in page
        assert "sse-connect" not in page

    def test_escapes_what_the_model_wrote(self, client, incident, bob):
        answer, struck = "<img src=x onerror=alert(1)> [a](javascript:x)", [{"text": "<script>", "reason": "<i>"}]
        Turn.objects.create(incident=incident, question="<b>x</b>", answer=answer, status="done", struck=struck)
        client.force_login(bob)

        page = client.get(reverse("conversation", args=[incident.pk])).content.decode()

        assert not any(mark in page for mark in ("<img src=x", "<script>", 'href="javascript', "<b>x"))

    def test_tells_of_an_answer_that_was_left_behind(self, client, incident, bob):
        turn = Turn.objects.create(incident=incident, question="Why?", status="writing")
        Turn.objects.filter(pk=turn.pk).update(updated_at="2026-01-01T00:00:00Z")
        client.force_login(bob)

        page = client.get(reverse("conversation", args=[incident.pk])).content.decode()

        assert "restarted while this was written" in page

    def test_streams_to_its_end(self, async_client, incident, bob):
        turn = Turn.objects.create(incident=incident, question="Why?", answer="So.", status="done")
        async_client.force_login(bob)

        async def read() -> bytes:
            answer = await async_client.get(reverse("turn-events", args=[incident.pk, turn.pk]))
            return b"".join([piece async for piece in answer.streaming_content])

        sent = async_to_sync(read)()

        assert b"event: done" in sent
        assert b"So." in sent

    def test_shows_exactly_what_would_be_sent(self, client, server, incident, bob):
        client.force_login(bob)

        address = reverse("model-sent", args=[incident.pk])
        first, answer = client.get(address), client.get(address, {"now": "1"})

        assert not first.context["would"]  # reading all evidence must not hold the page up
        assert 'hx-get="?now=1"' in first.content.decode()
        assert 'hx-get="?now=1"' not in answer.content.decode()
        sent = [message["content"] for message in server.requests[0].body["messages"]]
        assert [message["content"] for message in answer.context["would"]] == sent
        assert ("<IP_1>", "10.20.30.40") in answer.context["mapping"]
        assert len(answer.context["calls"]) == 2

    def test_shows_struck_statements_on_the_incident(self, client, server, bob):
        server.reply_with(
            answered(explanation=[said("Memory is full.", "F1"), said("4,711 wait.", "F1")]), json.dumps(HOLDS)
        )
        incident = analysed(bob).incident
        client.force_login(bob)

        page = client.get(incident.get_absolute_url()).content.decode()

        assert "<s>4,711 wait.</s>" in page
        assert "What the rules had written" in page
