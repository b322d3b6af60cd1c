"""What a first-time user is told to run: it exists, it only reads, and it is recognised when it is pasted."""

from __future__ import annotations

import pytest

from incidents.diagnostics.commands import Target, check
from incidents.diagnostics.evidence import EvidenceKind
from incidents.diagnostics.findings import Risk
from incidents.onboarding.first_commands import helpful_next, sights

COMMANDS = [command for sight in sights() for command in sight.commands]
Kind = EvidenceKind


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.line)
@pytest.mark.parametrize("version", [(6, 2), (7, 0), (7, 2), (8, 0)])
def test_only_read_on_every_version(command, version):
    verdict = check(command.line, target=Target("redis", version))

    assert verdict.kind != "unknown"
    assert verdict.risk is Risk.READ_ONLY
    assert not [reason.en for reason in verdict.reasons if "cluster mode" not in reason.en]


def test_say_what_they_tell_in_both_languages():
    assert all(command.tells.ko and command.tells.en for command in COMMANDS)
    assert all(sight.title.ko and sight.title.en for sight in sights())


class NextTests:
    def test_nothing_is_asked_before_anything_is_there(self):
        assert helpful_next([]) == []

    def test_info_asks_for_the_log(self):
        assert next(command.gives for command in helpful_next([Kind.INFO])) == Kind.SERVER_LOG

    def test_what_is_there_is_not_asked_for_again(self):
        asked = helpful_next([Kind.INFO, Kind.SERVER_LOG, Kind.SLOWLOG])

        assert [command.gives for command in asked] == [Kind.LATENCY_LATEST]

    def test_is_no_questionnaire(self):
        assert len(helpful_next([Kind.PROSE])) <= 2


@pytest.mark.django_db
class FormTests:
    @pytest.fixture
    def portal(self, client, bob):
        client.force_login(bob)
        return client

    def test_tells_what_to_paste_before_anything_is_typed(self, portal):
        page = portal.get("/incidents/new/").content.decode()

        assert all(command.line in page for command in COMMANDS)
        assert "Nothing you paste leaves this server" in page

    def test_tells_what_would_help_next_while_one_pastes(self, portal):
        part = portal.post("/incidents/recognise/", {"pasted": "# Memory\nused_memory:1000\nmaxmemory:1000"})

        assert "tail -n 500" in part.content.decode()
        assert "redis-cli INFO ALL" not in part.content.decode()

    def test_speaks_korean(self, portal):
        page = portal.get("/incidents/new/", headers={"Accept-Language": "ko"}).content.decode()

        assert "느림, 타임아웃, 지연이 튐" in page
