"""The next best evidence: asked for by an exact command, and once pasted it re-ranks what may be the cause."""

from __future__ import annotations

import shlex

import pytest

from incidents import services
from incidents.analysis.command_gate import CommandGate
from incidents.analysis.report import AnalysisResult, Step, from_json
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.commands import Target
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput
from incidents.lab.connections import pipeline
from incidents.lab.servers import RedisServer
from incidents.models import AnalysisRun, Incident
from incidents.runs.comparing import compare
from incidents.runs.execution import execute_run
from tests.incidents.diagnostics.commands.shipped import diagnoses
from tests.servers import require_redis_server


def rules_alone(intake: IncidentInput, *, incident_id: str, language: str):
    from incidents.analysis.pipeline import analyze

    return analyze(intake, incident_id=incident_id, language=language)


def analysed(incident: Incident) -> AnalysisResult:
    run = services.start_analysis(incident=incident, actor=None)
    list(execute_run(run=AnalysisRun.objects.get(pk=run.pk), worker="w", analyse=rules_alone))
    return from_json(AnalysisRun.objects.get(pk=run.pk).result)


def asked(description: str, info: str = "") -> list[Step]:
    intake = IncidentInput(description=description, redis_info=info)
    return write_report(diagnose(intake), incident_id="x", language="en").missing_evidence


def confidence(report: AnalysisResult, name: str) -> float:
    return next((one.confidence for one in report.hypotheses if one.id == name), 0.0)


@pytest.mark.django_db
@pytest.mark.real_redis
def test_the_output_of_the_command_that_was_asked_for_re_ranks_and_the_page_says_what_changed(bob, client):
    require_redis_server()
    incident = services.create_incident(intake=IncidentInput(description="API slow"), reporter=bob, language="en")
    before = analysed(incident)
    wanted = next(step for step in before.missing_evidence if "SLOWLOG" in step.command)

    with RedisServer({"slowlog-log-slower-than": 1000}) as server:
        server.cli("DEBUG", "POPULATE", "300000", "session", "20")
        pipeline(server.port, [("KEYS", "session:*99*")] * 4)
        printed = server.cli(*shlex.split(wanted.command)[1:])
    services.add_evidence(incident=incident, intake=IncidentInput(pasted=(printed,)), actor=bob)
    after = analysed(incident)
    client.force_login(bob)
    page = client.get(incident.get_absolute_url()).content.decode()

    assert confidence(after, "perf-slow-command") > confidence(before, "perf-slow-command")
    assert [one.id for one in after.hypotheses if one.is_root_cause] == ["perf-slow-command"]
    assert compare(before.as_json(), after)
    assert wanted.command not in [step.command for step in after.missing_evidence]
    assert "Compared with the run before" in page
    assert "Cost to the server" in page


class TestNextEvidence:
    def test_says_what_it_costs_and_what_each_outcome_means(self):
        steps = asked("API slow")

        assert steps
        assert all(step.cost and step.expect for step in steps)
        assert all(step.risk == "read-only" for step in steps[:3])

    @pytest.mark.parametrize(
        ("command", "cost"),
        [
            ("redis-cli CLIENT LIST", "Blocks the server for about 25 ms: 9,000 clients"),
            ("redis-cli KEYS '*'", "Blocks the server for about 840 ms: 2,000,000 keys"),
            ("redis-cli INFO memory", "Reads only"),
            ("redis-cli --latency-history -i 5", "Sends small commands"),
            ("df -h", "Costs the Redis server nothing"),
        ],
    )
    def test_names_the_milliseconds_that_a_command_blocks_given_what_was_seen(self, command: str, cost: str):
        gate = CommandGate(Target(version=(7, 0, 15)), "en", counts={"clients": 9000, "keys": 2_000_000})

        step = gate.pass_step(Step("Look", command))

        assert step is not None
        assert step.cost.startswith(cost)

    def test_costs_and_means_something_in_every_report(self):
        for slug, diagnosis in diagnoses().items():
            for step in write_report(diagnosis, incident_id=slug, language="ko").missing_evidence:
                assert step.risk == "read-only", f"{slug}: {step.command}"
                assert not step.command or (step.cost and step.expect), f"{slug}: {step.command}"
