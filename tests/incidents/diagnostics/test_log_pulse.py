"""Lines by time and severity, in bounded memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.diagnostics.log_pulse import MOST, LogPulse, merged

BEGIN = datetime(2026, 3, 2, 4, 0)


def pulse_of(*seconds: int, rank: int = 0) -> LogPulse:
    pulse = LogPulse()
    for each in seconds:
        pulse.add(BEGIN + timedelta(seconds=each), rank)
    return pulse


class LogPulseTests:
    def test_counts_by_second_and_severity(self):
        pulse = pulse_of(0, 0, 1, rank=3)

        assert [(at, counts[3]) for at, counts in pulse.rows()] == [(BEGIN, 2), (BEGIN + timedelta(seconds=1), 1)]

    def test_takes_larger_stretches_when_there_are_too_many_and_loses_no_line(self):
        pulse = pulse_of(*range(10_000))

        assert len(pulse.counts) <= MOST
        assert pulse.seconds == 60
        assert sum(counts[0] for _at, counts in pulse.rows()) == 10_000

    def test_brings_nodes_to_one_stretch(self):
        whole = merged([pulse_of(0, 1), pulse_of(*range(10_000)), LogPulse()])

        assert whole.seconds == 60
        assert sum(counts[0] for _at, counts in whole.rows()) == 10_002

    def test_of_no_log_is_nothing(self):
        assert not merged([])
