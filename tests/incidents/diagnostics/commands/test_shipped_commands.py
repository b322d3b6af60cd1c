"""Every command that we show runs on a real server, or is named for the server that has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from incidents.diagnostics.commands import Target, Verdict, check
from incidents.diagnostics.findings import Risk
from tests.incidents.diagnostics.commands.shipped import shipped_commands
from tests.incidents.diagnostics.commands.trial import Trial
from tests.servers import require_redis_server, server_version

# What a refusal must name: a version, the other product, or the mode it needs.
NAMED = re.compile(r"\d\.\d|Valkey|cluster mode|Sentinel")


def names_what_has_it(verdict: Verdict) -> bool:
    return bool(verdict.reasons) and all(NAMED.search(reason.en) for reason in verdict.reasons)


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    require_redis_server()
    with Trial() as servers:
        yield servers


@pytest.mark.real_redis
def test_every_shown_command_runs_on_a_real_server_or_names_the_one_that_has_it(trial):
    here = Target("redis", server_version())
    wrong = []

    for command, place in shipped_commands().items():
        verdict = check(command, target=here)
        if verdict.ok:
            wrong += [f"{place}: {complaint}" for complaint in trial.complaints(command, verdict.risk)]
        elif not names_what_has_it(verdict):
            wrong.append(f"{place}: {command!r} is refused: {[one.en for one in verdict.reasons]}")

    assert not wrong, "\n".join(wrong)


def test_every_shown_command_is_understood():
    wrong = [f"{place}: {line!r}" for line, place in shipped_commands().items() if check(line).kind == "unknown"]

    assert not wrong, "\n".join(wrong)


@pytest.mark.real_redis
@pytest.mark.parametrize(
    "line",
    [
        "redis-cli LRANGE 0 -1",
        "redis-cli MEMORY DIAGNOSE",
        "CONFIG SET nonsense 1",
        "redis-cli --cluster heal <host>:<port>",
        "redis-cli -p 26379 SENTINEL HEAL <name>",
    ],
)
def test_the_trial_finds_what_is_wrong(trial, line):
    assert list(trial.complaints(line, Risk.READ_ONLY))
