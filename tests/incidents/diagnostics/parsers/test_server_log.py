"""Formats of log lines, and what the entries say."""

from datetime import datetime

import pytest

from incidents.diagnostics.findings import Category, Severity
from incidents.diagnostics.parsers.server_log import looks_like, parse_log, parse_log_lines, recognise_line

NOON = datetime(2026, 11, 22, 12, 0, 5, 123000)
LOST = "Connection with master lost."

FORMATS = {
    "redis 3 to 8": f"4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "redis 3 without a year": f"4018:S 22 Nov 12:00:05.123 # {LOST}",
    "redis 2": f"[4018] 22 Nov 12:00:05.123 # {LOST}",
    "valkey, ISO 8601": f"4018:S 2026-11-22T12:00:05.123+09:00 # {LOST}",
    "valkey, logfmt": f'pid=4018 role=replica timestamp="22 Nov 2026 12:00:05.123" level=warning message="{LOST}"',
    "valkey, JSON": '{"pid":4018,"role":"replica","timestamp":"22 Nov 2026 12:00:05.123","level":"warning",'
    f'"message":"{LOST}"}}',
    "docker compose": f"redis-1  | 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "CRI": f"2026-11-22T03:00:05.123456789Z stdout F 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "kubectl logs --timestamps": f"2026-11-22T03:00:05.123456789Z 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "kubectl logs --prefix": f"[pod/redis-0/redis] 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "docker, JSON file": '{"log":"4018:S 22 Nov 2026 12:00:05.123 # Connection with master lost.\\n","stream":"stdout",'
    '"time":"2026-11-22T03:00:05.1Z"}',
    "docker, JSON file, cut off": '{"log":"4018:S 22 Nov 2026 12:00:05.123 # Connection with master lost.\\n","stre',
    "ELK": '{"@timestamp":"2026-11-22T03:00:06Z","host":{"name":"a"},'
    '"message":"4018:S 22 Nov 2026 12:00:05.123 # Connection with master lost."}',
    "journald": f"Nov 22 12:00:06 db-1 redis-server[4018]: 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "journald, short-iso": f"2026-11-22T12:00:06+0900 db-1 redis[4018]: 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "syslog with a priority": f"<13>Nov 22 12:00:06 db-1 redis[4018]: 4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "colours": f"\x1b[33m4018:S 22 Nov 2026 12:00:05.123 # {LOST}\x1b[0m",
    "byte order mark": f"\ufeff4018:S 22 Nov 2026 12:00:05.123 # {LOST}",
    "CRLF": f"4018:S 22 Nov 2026 12:00:05.123 # {LOST}\r",
}


class ParseLogTests:
    @pytest.mark.parametrize("line", FORMATS.values(), ids=FORMATS.keys())
    def test_reads_every_format_to_the_same_entry(self, line):
        [entry] = parse_log(line, source="server.log", node="7001", year=2026)

        assert entry.message == LOST
        assert entry.at == NOON
        assert entry.level == "warning"
        assert entry.pid == "4018"
        assert entry.role in ("S", "")  # Redis 2 prints none
        assert (entry.line, entry.source, entry.node) == (1, "server.log", "7001")

    def test_reads_milliseconds_as_the_clock_of_the_log(self):
        [entry] = parse_log(f"1:M 1795348805123 * {LOST}")

        assert entry.at == datetime(2026, 11, 22, 12, 0, 5, 123000)

    def test_reads_syslog_lines_that_carry_no_header_of_the_server(self):
        [entry] = parse_log(f"Nov 22 12:00:05 db-1 redis[4018]: {LOST}", year=2026)

        assert (entry.message, entry.pid, entry.level) == (LOST, "4018", "")
        assert entry.at == NOON.replace(microsecond=0)

    def test_puts_signal_handler_lines_on_the_clock_of_their_neighbours(self):
        log = (
            "1:M 22 Nov 2026 21:00:00.000 * Ready to accept connections\n1:signal-handler (1795348801) Received SIGTERM"
        )

        entries = list(parse_log(log))

        assert entries[1].at == datetime(2026, 11, 22, 21, 0, 1)  # the log is written nine hours ahead of UTC
        assert entries[1].message == "Received SIGTERM"

    def test_keeps_lines_of_a_crash_report_as_continuations(self):
        log = (
            "1:M 22 Nov 2026 12:00:05.123 # Redis 7.0.15 crashed by signal: 11, si_code: 1\n"
            "------ STACK TRACE ------\nEIP:\n\n/usr/bin/redis-server(+0x1)[0x2]"
        )

        entries = list(parse_log(log))

        assert [entry.line for entry in entries] == [1, 2, 3, 5]
        assert [entry.level for entry in entries] == ["warning", "", "", ""]
        assert {entry.at for entry in entries} == {NOON}

    def test_saves_the_message_of_a_first_line_that_was_cut(self):
        entries = list(parse_log(f"2026 12:00:05.123 # {LOST}\n1:M 22 Nov 2026 12:00:06.000 * Ready to accept con"))

        assert [entry.message for entry in entries] == [LOST, "Ready to accept con"]

    def test_carries_a_log_without_years_over_new_year(self):
        log = "1:M 31 Dec 23:59:59.000 * DB saved on disk\n1:M 01 Jan 00:00:01.000 * DB saved on disk"

        first, second = parse_log(log, year=2025)

        assert (first.at.year, second.at.year) == (2025, 2026)

    def test_never_raises_on_garbage(self):
        garbage = [
            "{",
            "{}",
            "[]",
            '{"log": 1}',
            "\x00\x01\x02",
            "1:M 99 Xyz 2026 99:99:99.1 * x",
            "pid= role=",
            "{" * 3000,
        ]

        entries = list(parse_log_lines(garbage))

        assert len(entries) == len(garbage)

    def test_consumes_a_stream_without_reading_ahead(self):
        def endless():
            while True:
                yield FORMATS["redis 3 to 8"]

        entries = parse_log_lines(endless())

        assert next(entries).line == 1
        assert next(entries).line == 2


class LooksLikeTests:
    def test_is_sure_of_a_log(self):
        assert looks_like("\n".join(FORMATS.values())) > 0.8

    def test_is_sure_that_info_is_none(self):
        assert looks_like("# Server\nredis_version:7.2.4\nused_memory:100\nrole:master") == 0


class RecogniseLineTests:
    def test_names_the_event_with_what_it_captured(self):
        meaning = recognise_line("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6380")

        assert meaning.event == "switch-master"
        assert meaning.signal == "sent-failover-complete"
        assert meaning.captures["old_host"] == "10.0.0.1"
        assert meaning.captures["new_port"] == "6380"

    @pytest.mark.parametrize(
        "line",
        [
            "Connection with master lost.",
            "Connection with primary lost.",
            "1:S 22 Nov 2026 12:00:05.123 * Connection with master lost.",
        ],
    )
    def test_folds_old_and_new_names_levels_and_headers(self, line):
        assert recognise_line(line).event == "link-with-master-lost"

    def test_looks_past_the_name_of_a_node(self):
        node = "a" * 40
        plain = recognise_line(f"Marking node {node} as failing (quorum reached).")
        named = recognise_line(f"Marking node {node} (redis-7001) as failing (quorum reached).")

        assert plain.event == named.event == "node-failing"
        assert named.captures["node"] == node

    def test_looks_past_the_part_of_the_server_that_speaks(self):
        meaning = recognise_line("Dual channel replication: Unable to connect to Primary: Connection refused")

        assert meaning.event == "master-unreachable"
        assert meaning.captures["errno"] == "ECONNREFUSED"

    def test_names_the_system_error(self):
        meaning = recognise_line("Error writing to the AOF file: No space left on device")

        assert (meaning.category, meaning.severity) == (Category.PERSISTENCE, Severity.CRITICAL)
        assert meaning.captures["errno"] == "ENOSPC"

    def test_weighs_a_missing_optional_address_less_than_a_taken_port(self):
        text = "Warning: Could not create server TCP listening socket {}: bind: {}"

        assert recognise_line(text.format("::1:6379", "Cannot assign requested address")).severity == Severity.LOW
        assert recognise_line(text.format("*:6379", "Address already in use")).severity == Severity.HIGH

    def test_tells_a_child_that_redis_ended_from_one_that_was_killed(self):
        assert recognise_line("Background saving terminated by signal 10").event == "rdb-save-replaced"
        assert recognise_line("Background saving terminated by signal 9").event == "rdb-save-oom-killed"
        assert recognise_line("Background saving terminated by signal 11").event == "rdb-save-killed"

    def test_finds_a_message_that_was_cut_or_quoted(self):
        cut = recognise_line("cmd=psync scheduled to be closed ASAP for overcoming of output buffer limits.")
        quoted = recognise_line('the log of redis-0 says: "Background saving error"')

        assert cut.event == "output-buffer-limit"
        assert quoted.event == "rdb-save-failed"

    def test_does_not_know_what_is_no_message(self):
        assert recognise_line("used_memory:1024") is None
        assert recognise_line("") is None
        assert recognise_line("안녕하세요, 로그를 봐 주세요") is None

    def test_takes_no_more_than_linear_time_on_a_hostile_line(self):
        hostile = "Failover auth denied to " + "to to : () " * 20_000

        assert recognise_line(hostile).event == "failover-vote-denied"
