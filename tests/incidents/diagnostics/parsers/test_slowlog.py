import json
from datetime import datetime

import pytest

from incidents.diagnostics.parsers.slowlog import parse

TREE = """1) 1) (integer) 14
   2) (integer) 1795348264
   3) (integer) 48824
   4) 1) "KEYS"
      2) "session:*\\xff\\"99\\"*"
   5) "10.0.0.7:58217"
   6) "admin dashboard"
2) 1) (integer) 13
   2) (integer) 1795348200
   3) (integer) 30
   4) 1) "SLOWLOG"
      2) "get"
      3) "100"
   5) "10.0.0.7:58217"
   6) ""
"""
RAW = (
    "14\n1795348264\n48824\nKEYS\nsession:*\n10.0.0.7:58217\nadmin\n"
    "13\n1795348200\n30\nSLOWLOG\nget\n100\n10.0.0.7:58217\n\n"
)


class TestParse:
    def test_reads_the_numbered_tree(self):
        first, second = parse(TREE).entries

        assert first.id == 14
        assert first.at == datetime(2026, 11, 22, 11, 51, 4)
        assert first.duration_us == 48824
        assert first.arguments == ("KEYS", 'session:*ÿ"99"*')
        assert (first.client, first.client_name) == ("10.0.0.7:58217", "admin dashboard")
        assert (first.line, second.line) == (1, 8)

    def test_reads_a_tree_that_lost_its_indentation(self):
        stripped = "\n".join(line.strip() for line in TREE.splitlines())

        assert [entry.statement for entry in parse(stripped).entries] == [e.statement for e in parse(TREE).entries]

    def test_reads_raw_lines(self):
        first, second = parse(RAW).entries

        assert (first.statement, first.client, first.client_name) == ("KEYS session:*", "10.0.0.7:58217", "admin")
        assert (second.statement, second.client_name) == ("SLOWLOG get 100", "")

    def test_reads_a_flat_list_as_captured(self):
        assert [entry.command for entry in parse(RAW.strip().split("\n")).entries] == ["KEYS", "SLOWLOG"]

    def test_reads_json_of_the_command_line_client(self):
        (entry,) = parse(json.dumps([[1, 1795348264, 5, ["GET", "a b"], "10.0.0.7:1", ""]])).entries

        assert entry.arguments == ("GET", "a b")

    @pytest.mark.parametrize(
        "record",
        [
            {"id": 1, "start_time": 1795348264, "duration": 5, "command": "GET a"},
            {"Id": 1, "Timestamp": 1795348264, "Duration (us)": 5, "Command": "GET a", "ClientAddress": "10.0.0.7:1"},
            {"id": 1, "timestamp": 1795348264000, "execution_time": 5, "args": ["GET", "a"]},
        ],
    )
    def test_reads_objects_of_clients_and_clouds(self, record):
        (entry,) = parse([record]).entries

        assert (entry.command, entry.duration_us, entry.at) == ("GET", 5, datetime(2026, 11, 22, 11, 51, 4))

    def test_reads_a_python_literal(self):
        (entry,) = parse("[{'id': 1, 'start_time': 1795348264, 'duration': 5, 'command': b'GET a'}]").entries

        assert entry.statement == "GET a"

    def test_reads_entries_of_servers_before_4_0(self):
        (entry,) = parse("1\n1795348264\n5\nGET\na\n").entries

        assert (entry.statement, entry.client) == ("GET a", "")

    def test_names_the_slowest(self):
        slowest = parse(TREE).slowest

        assert slowest is not None
        assert slowest.command == "KEYS"

    @pytest.mark.parametrize("value", ["", "(empty array)", [], {}, None, 7, "hello\nworld", [[]], [["a", "b"]]])
    def test_finds_nothing_in_nothing(self, value):
        assert parse(value).entries == ()
