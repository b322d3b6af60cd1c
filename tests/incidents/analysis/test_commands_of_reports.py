"""No report shows a command that its reader's server does not have, whatever the version and the service."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from incidents.analysis.report import AnalysisResult, Step
from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.commands import Target, check
from tests.incidents.diagnostics.commands.shipped import diagnoses, steps_of

SERVERS = [("redis", (5, 0)), ("redis", (6, 2)), ("redis", (7, 0)), ("redis", (8, 0)), ("valkey", (8, 0))]
SERVICES = [None, "elasticache", "azure", "redis-cloud"]
TARGETS = [Target(name, version, managed=service) for (name, version), service in product(SERVERS, SERVICES)]


def reports(target: Target) -> Iterator[tuple[str, AnalysisResult]]:
    for slug, diagnosis in diagnoses().items():
        deployment = diagnosis.dossier.deployment
        topology = deployment if deployment in ("standalone", "replication", "sentinel", "cluster") else ""
        there = Target(target.product, target.version, topology, target.managed)
        yield slug, write_report(diagnosis, incident_id=slug, language="en", target=there)


def refused(step: Step, target: Target) -> Iterator[str]:
    for line in filter(None, (step.command, step.undo, step.verify)):
        verdict = check(line, target=target)
        if not verdict.ok:
            yield f"{line}: {[reason.en for reason in verdict.reasons]}"


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: f"{one.name} {one.managed or 'own'}")
class TestReports:
    def test_show_nothing_that_does_not_exist_there(self, target):
        wrong = {
            f"{slug}: {problem}" for slug, report in reports(target) for step in steps_of(report)
            for problem in refused(step, target)
        }  # fmt: skip

        assert not wrong, "\n".join(sorted(wrong))

    def test_warn_of_what_loses_data_and_never_begin_with_it(self, target):
        for slug, report in reports(target):
            for step in steps_of(report):
                assert step.risk != "loses-data" or step.warning, f"{slug}: {step.command} bears no warning"
            assert not report.immediate_actions or report.immediate_actions[0].risk != "loses-data", slug
