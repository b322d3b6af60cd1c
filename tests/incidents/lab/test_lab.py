"""The fault lab on a real redis-server: what is provoked is what is diagnosed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.forecasts import forecast
from incidents.lab.faults import FAULTS, Fault
from incidents.lab.growth import FillingUp, fill_up, overrun_backlog, take_connections
from incidents.management.commands.lab import run_fault
from tests.servers import require_redis_server

pytestmark = pytest.mark.real_redis


@pytest.fixture(autouse=True)
def _needs_redis():
    require_redis_server()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=[fault.scenario or fault.slug for fault in FAULTS.values()])
def test_a_provoked_fault_is_diagnosed_in_category_severity_and_cause(fault: Fault):
    outcome = run_fault(fault)

    assert outcome.is_right, outcome.report.root_cause_analysis or outcome.report.summary


def test_the_lab_holds_every_scenario():
    assert {f"SC-00{number}" for number in range(1, 9)} <= {fault.scenario for fault in FAULTS.values()}


@pytest.mark.parametrize(
    ("limit", "grow"),
    [("maxmemory", fill_up), ("maxclients", take_connections), ("repl-backlog", overrun_backlog)],
    ids=["maxmemory", "maxclients", "repl-backlog"],
)
def test_a_forecast_from_two_samples_comes_true_within_fifteen_per_cent(limit: str, grow: Callable[[], FillingUp]):
    growing = grow()

    foreseen = next(item for item in forecast(diagnose(growing.intake).dossier) if item.limit == limit)

    assert foreseen.exact_minutes == pytest.approx(growing.minutes_it_took, rel=0.15)
    assert foreseen.minutes == pytest.approx(foreseen.exact_minutes, abs=0.05)
