import pytest

from incidents.diagnostics.parsers.memory_doctor import parse as parse_doctor
from incidents.diagnostics.parsers.memory_stats import parse as parse_stats

TREE = """ 1) "peak.allocated"
 2) (integer) 1110376
 3) "clients.normal"
 4) (integer) 22400
 5) "db.0"
 6) 1) "overhead.hashtable.main"
    2) (integer) 72
    3) "overhead.hashtable.expires"
    4) (integer) 0
 7) "overhead.total"
 8) (integer) 876312
 9) "dataset.percentage"
10) "99.88"
"""
MAP = """1# "peak.allocated" => (integer) 1110376
2# "clients.normal" => (integer) 22400
3# "db.0" =>
   1# "overhead.hashtable.main" => (integer) 72
   2# "overhead.hashtable.expires" => (integer) 0
4# "overhead.total" => (integer) 876312
5# "dataset.percentage" => (double) 99.88
"""
RAW = (
    "peak.allocated\n1110376\nclients.normal\n22400\ndb.0\noverhead.hashtable.main\n72\noverhead.hashtable.expires\n0\n"
    "overhead.total\n876312\ndataset.percentage\n99.88"
)
OBJECT = {
    "peak.allocated": 1110376,
    "clients.normal": 22400,
    "overhead.total": 876312,
    "dataset.percentage": 99.88,
    "db.0": {"overhead.hashtable.main": 72, "overhead.hashtable.expires": 0},
}


class TestStats:
    @pytest.mark.parametrize("value", [TREE, MAP, RAW, OBJECT])
    def test_reads_every_form(self, value):
        stats = parse_stats(value)

        assert stats.fields.integer("clients.normal") == 22400
        assert stats.fields.integer("overhead.total") == 876312
        assert stats.fields.number("dataset.percentage") == 99.88
        assert stats.databases["db.0"].integer("overhead.hashtable.main") == 72

    def test_knows_the_line_of_a_value(self):
        assert parse_stats(RAW).fields.line_of("clients.normal") == 4

    def test_goes_on_after_a_cut(self):
        assert parse_stats("ted\n1110376\nclients.normal\n22400").fields.integer("clients.normal") == 22400


class TestDoctor:
    def test_names_the_branch_of_each_issue(self):
        letter = (
            "Sam, I detected a few issues in this Redis instance memory implants:\n\n"
            " * Peak memory: In the past this instance used more than 150% the memory that is currently using.\n\n"
            " * Big client buffers: The clients output buffers in this instance are greater than 200K per client.\n\n"
            "I'm here to keep you safe, Sam. I want to help you.\n"
        )

        assert [issue.id for issue in parse_doctor(letter).issues] == ["big_peak", "big_client_buf"]

    def test_tells_healthy_from_too_small_to_judge(self):
        assert parse_doctor("Hi Sam, I can't find any memory issue in your instance.").is_healthy
        assert parse_doctor("Hi Sam, this instance is empty or is using very little memory, my issues …").is_empty
