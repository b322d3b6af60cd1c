"""Time capsules: what a run was made of, made again, and handed over as a case."""

from __future__ import annotations

import json
import os
import socket

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from incidents import replaying
from incidents.analysis.evaluation import read_case, score
from incidents.language_model import background, capsule_services
from incidents.language_model.capsules import Replay
from incidents.language_model.evaluation_rows import EvaluationCase
from incidents.language_model.model_calls import ModelCall
from incidents.runs.execution import execute_run
from sre_portal.llm import openai_compatible, registry
from tests.incidents.analysis.chat.samples import HOLDS, answered
from tests.incidents.chat_samples import analysed, use
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["execute_run", "openai_server"]


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
def run(server, bob):
    server.reply_with(answered(), json.dumps(HOLDS))
    return analysed(bob)


def made(run, **changes) -> Replay:
    given = {"analyst": "rules", "knowledge": "frozen", "requested_by": None, **changes}
    replay = replaying.start_replay(run=run, **given)
    return replaying.make_replay(replay.pk)


@pytest.mark.django_db(transaction=True)
class CapsuleTests:
    def test_is_sealed_with_every_run(self, run):
        capsule = run.capsule

        assert capsule.parameters["model"] == "local-model"
        assert "explain-1.en" in capsule.parameters["prompts"]
        assert set(capsule.knowledge) >= {"references", "excerpts", "rulings"}
        assert run.model_calls.last().messages[0]["role"] == "system"

    def test_is_made_again_by_the_rules(self, run):
        replay = made(run)

        assert replay.status == "done"
        assert replay.result["analyst"] == "rules"
        same = {row.name: row.is_same for row in replaying.side_by_side(run, [replay])}
        assert same["severity"]
        assert not same["root_cause_analysis"]

    def test_is_made_again_by_another_model(self, server, run):
        server.reply_with(answered(summary={"text": "Full.", "cites": ["F1"], "quotes": []}), json.dumps(HOLDS))

        replay = made(run, analyst="other-model", prompt_version=1)

        assert replay.result["analyst"] == "openai:other-model"
        assert replay.result["summary"] == "Full."
        assert ModelCall.objects.filter(purpose="replay").count() == 2
        run.refresh_from_db()
        assert run.analyst == "openai:local-model"

    def test_of_a_model_that_fails_keeps_the_rules_report(self, run):
        replay = made(run, analyst="wrong-key")

        assert replay.status == "done"
        assert replay.result["analyst"] == "rules"

    def test_is_compared_on_a_page(self, client, run, bob):
        made(run, requested_by=bob)
        client.force_login(bob)

        page = client.get(reverse("run-replays", args=[run.incident_id, run.pk])).content.decode()

        assert "Full" in page or "memory" in page
        assert "the same" in page

    def test_can_be_asked_for_on_the_page(self, client, run, bob):
        client.force_login(bob)

        client.post(reverse("run-replays", args=[run.incident_id, run.pk]), {"analyst": "rules", "knowledge": "none"})

        assert Replay.objects.get().knowledge == "none"

    def test_becomes_a_case_that_the_evaluation_reads(self, client, run, bob, tmp_path):
        client.force_login(bob)

        answer = client.get(reverse("run-capsule", args=[run.incident_id, run.pk]))
        file = tmp_path / "case.json"
        file.write_bytes(answer.content)
        case = read_case(file)

        assert case.intake.redis_info.startswith("# Server")
        assert case.expected["category"] == "memory"
        assert score(case.expected, made(run).result)["category"]


@pytest.mark.django_db
class KeptCaseTests:
    def test_is_kept_with_one_click_and_evaluated(self, client, run, bob, tmp_path):
        client.force_login(bob)

        page = client.post(reverse("run-keep-case", args=[run.incident_id, run.pk]), follow=True)
        call_command("evaluate", kept=True, json=tmp_path / "out.json", language="en")

        case = EvaluationCase.objects.get()
        assert case.slug in page.content.decode()
        assert case.kept_by == bob
        summary = json.loads((tmp_path / "out.json").read_text())["summary"]
        assert (summary["cases"], summary["category"], summary["severity"]) == (1, 1.0, 1.0)

    def test_is_renewed_and_not_doubled(self, run, bob):
        capsule_services.keep_case(run=run, keeper=bob)
        capsule_services.keep_case(run=run, keeper=bob)

        assert EvaluationCase.objects.count() == 1

    def test_is_missed_aloud(self, db, tmp_path):
        with pytest.raises(CommandError, match="No case was kept"):
            call_command("evaluate", kept=True, json=tmp_path / "out.json")


@pytest.mark.django_db
class CutOffReplayTests:
    DEAD = f"{socket.gethostname()}:999999999"

    def left(self, run, **changes) -> Replay:
        replay = replaying.start_replay(run=run, analyst="rules", knowledge="frozen", requested_by=None)
        Replay.objects.filter(pk=replay.pk).update(**{"worker": self.DEAD, "attempts": 1, **changes})
        return replay

    def test_is_taken_up_by_the_next_process(self, run, monkeypatch):
        replay = self.left(run)
        monkeypatch.setattr(background, "start", lambda job, pk: job(pk))

        replaying.resume_replays(at=timezone.now())

        replay.refresh_from_db()
        assert (replay.status, replay.attempts) == ("done", 2)

    def test_ends_plainly_when_that_happens_again(self, run):
        replay = self.left(run, attempts=2)

        replaying.resume_replays(at=timezone.now())

        replay.refresh_from_db()
        assert replay.status == "failed"
        assert "restarted" in replay.error

    def test_is_left_to_a_process_that_lives(self, run):
        replay = self.left(run, worker=f"{socket.gethostname()}:{os.getppid()}")

        assert replaying.resume_replays(at=timezone.now()) == 0
        replay.refresh_from_db()
        assert replay.status == "waiting"

    def test_is_made_once_by_two_processes(self, run):
        replay = replaying.start_replay(run=run, analyst="rules", knowledge="frozen", requested_by=None)
        Replay.objects.filter(pk=replay.pk).update(worker="elsewhere:1", attempts=1)
        stale = Replay.objects.get(pk=replay.pk)
        Replay.objects.filter(pk=replay.pk).update(attempts=2)

        assert not replaying._claim(stale)
