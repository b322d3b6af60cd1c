from datetime import datetime

import pytest

from incidents.diagnostics.parsers.cli_latency import parse as parse_cli
from incidents.diagnostics.parsers.latency import parse_doctor, parse_histogram, parse_history, parse_latest

AT = datetime(2026, 11, 22, 11, 51, 55)
LETTER = """Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?

1. command: 5 latency spikes (average 300ms, mean deviation 120ms, period 73.40 sec). Worst all time event 500ms.
2. aof-fsync-always: 1 latency spikes (average 12ms, mean deviation 0ms, period 1.00 sec). Worst all time event 12ms.

I have a few advices for you:

- Your current Slow Log configuration only logs events that are slower than your configured latency monitor threshold.
"""


class TestLatest:
    @pytest.mark.parametrize(
        "value",
        [
            '1) 1) "command"\n   2) (integer) 1795348315\n   3) (integer) 6\n   4) (integer) 9\n'
            '2) 1) "expire-cycle"\n   2) (integer) 1795348315\n   3) (integer) 46\n   4) (integer) 46',
            "command\n1795348315\n6\n9\nexpire-cycle\n1795348315\n46\n46",
            [["command", 1795348315, 6, 9, 900, 3], ["expire-cycle", 1795348315, 46, 46]],
        ],
    )
    def test_reads_every_form(self, value):
        events = parse_latest(value).events

        assert [(event.name, event.at, event.latest_ms, event.max_ms) for event in events] == [
            ("command", AT, 6, 9),
            ("expire-cycle", AT, 46, 46),
        ]

    def test_finds_nothing_in_an_empty_reply(self):
        assert parse_latest("").events == ()
        assert parse_latest("(empty array)").events == ()


class TestHistory:
    @pytest.mark.parametrize("value", ["1795348315\n43\n1795348327\n46", [[1795348315, 43], [1795348327, 46]]])
    def test_reads_pairs(self, value):
        first, _ = parse_history(value).samples

        assert (first.at, first.ms) == (AT, 43)


class TestHistogram:
    @pytest.mark.parametrize(
        "value",
        [
            '1) "set"\n2) 1) "calls"\n   2) (integer) 3\n   3) "histogram_usec"\n'
            "   4) 1) (integer) 8\n      2) (integer) 3",
            '1# "set" => \n   1# "calls" => (integer) 3\n   2# "histogram_usec" => 1# (integer) 8 => (integer) 3',
            "set\ncalls\n3\nhistogram_usec\n8\n3",
            '{"set":{"calls":3,"histogram_usec":{"8":3}}}',
        ],
    )
    def test_reads_every_form(self, value):
        histogram = parse_histogram(value).commands["set"]

        assert (histogram.calls, histogram.buckets) == (3, ((8, 3),))


class TestDoctor:
    def test_reads_spikes_and_advice(self):
        doctor = parse_doctor(LETTER)

        assert [(spike.event, spike.count, spike.worst_ms) for spike in doctor.spikes] == [
            ("command", 5, 500.0),
            ("aof-fsync-always", 1, 12.0),
        ]
        assert doctor.spikes[0].line == 3
        assert len(doctor.advice) == 1
        assert not doctor.is_quiet

    def test_tells_quiet_from_disabled(self):
        assert parse_doctor("Dave, no latency spike was observed during the lifetime of this Redis instance").is_quiet
        assert parse_doctor("I'm sorry, Dave, I can't do that. Latency monitoring is disabled.").is_disabled


class TestCommandLineClient:
    def test_reads_the_last_state_of_a_line_that_was_overwritten(self):
        (window,) = parse_cli(
            "min: 0, max: 12, avg: 0.19 (427 samples)\rmin: 0, max: 15, avg: 0.22 (1527 samples)"
        ).windows

        assert (window.max_ms, window.samples) == (15.0, 1527)

    def test_reads_the_history(self):
        (window,) = parse_cli("min: 0, max: 1, avg: 0.10 (1489 samples) -- 15.01 seconds range").windows

        assert window.seconds == 15.01

    def test_reads_intrinsic_latency(self):
        text = "Max latency so far: 83 microseconds.\n\n99 total runs (avg latency: 0.81 microseconds / 811 ns)."

        intrinsic = parse_cli(text).intrinsic

        assert intrinsic is not None
        assert (intrinsic.max_us, intrinsic.average_us) == (83, 0.81)

    def test_reads_the_rows_of_stat(self):
        (row,) = parse_cli("506        1015.00K 1        0       24 (+0)             7").stats

        assert (row.keys, row.memory_bytes, row.requests, row.connections) == (506, 1015 * 1024, 24, 7)
