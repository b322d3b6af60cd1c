from datetime import datetime

import pytest

from incidents.diagnostics.parsers.info import (
    from_mapping,
    is_info_line,
    is_same_run,
    merge,
    parse,
    parse_samples,
    section_of,
)

SERVER = """# Server
redis_version:7.0.15
run_id:aaaa
server_time_usec:1795348120282914

# Memory
used_memory:67121360
maxmemory:67108864

# Replication
role:master
connected_slaves:1
slave0:ip=10.0.0.2,port=6379,state=online,offset=138680,lag=1

# Commandstats
cmdstat_set:calls=93327,usec=124832,usec_per_call=1.34,rejected_calls=38263,failed_calls=0
cmdstat_config|get:calls=2,usec=10

# Errorstats
errorstat_OOM:count=38504

# Latencystats
latency_percentiles_usec_get:p50=2.007,p99=11.007,p99.9=44.031

# Modules
module:name=bf,ver=20612
module:name=search,ver=21010

# Keyspace
db0:keys=92994,expires=1000,avg_ttl=6477140,subexpiry=0
"""


class TestParse:
    info = parse(SERVER)

    def test_reads_fields_with_their_lines(self):
        assert self.info.fields.integer("used_memory") == 67121360
        assert self.info.fields.line_of("used_memory") == 7

    def test_reads_what_is_packed_into_one_line(self):
        assert self.info.databases[0].keys == 92994
        assert self.info.commands["set"].rejected_calls == 38263
        assert self.info.commands["config|get"].usec_per_call == 5.0
        assert self.info.errors == {"OOM": 38504}
        assert self.info.percentiles["get"]["p99.9"] == 44.031
        assert self.info.replicas[0].address == "10.0.0.2:6379"
        assert self.info.replicas[0].lag == 1

    def test_keeps_every_module(self):
        assert self.info.modules == ("bf", "search")

    def test_tells_the_clock_of_the_server(self):
        assert self.info.server_time == datetime(2026, 11, 22, 11, 48, 40, 282914)

    @pytest.mark.parametrize(
        "line",
        [
            "  used_memory : 5M",
            "used_memory=5M",
            '"used_memory": "5M",',
            "- used_memory: 5M",
            "| used_memory | 5M |",
            "> used_memory:5M",
            "used_memory 5M",
            "* used_memory:5M\r",
        ],
    )
    def test_reads_a_field_in_any_dress(self, line):
        assert parse(line).fields.integer("used_memory") == 5 * 2**20

    def test_reads_the_masters_of_a_sentinel(self):
        info = parse("master0:name=mymaster,status=odown,address=10.0.0.1:6379,slaves=2,sentinels=3")

        assert (info.masters[0].status, info.masters[0].sentinels) == ("odown", 3)

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("BUSY Redis is busy running a script. You can only call SCRIPT KILL.", "BUSY"),
            ("NOAUTH Authentication required.", "NOAUTH"),
            ("(error) LOADING Redis is loading the dataset in memory", "LOADING"),
            ("Could not connect to Redis at 10.0.0.1:7001: Connection refused", "Could not connect"),
            ("Error: Server closed the connection", "Error"),
        ],
    )
    def test_tells_an_error_from_an_empty_answer(self, text, error):
        info = parse(text)

        assert info.is_empty
        assert info.error.startswith(error)

    def test_has_no_error_where_nothing_was_said(self):
        assert parse("").error == ""
        assert parse("last snapshot before the crash").error == ""


class TestParseSamples:
    def test_begins_a_new_sample_when_a_field_comes_again(self):
        later = SERVER.replace("used_memory:67121360", "used_memory:70000000")

        samples = parse_samples(f"{SERVER}\n{later}")

        assert [sample.fields["used_memory"] for sample in samples] == ["67121360", "70000000"]

    def test_joins_sections_that_were_pasted_one_by_one(self):
        samples = parse_samples("role:master\n\nused_memory:5\n\nconnected_clients:3")

        assert len(samples) == 1

    def test_reads_a_reply_that_came_as_one_quoted_string(self):
        (sample,) = parse_samples('"# Server\\r\\nredis_version:6.2.0\\r\\nrole:master\\r\\n"')

        assert sample.fields["redis_version"] == "6.2.0"


class TestFromMapping:
    def test_reads_flat_metrics(self):
        info = from_mapping({"used_memory": 5, "aof_enabled": True, "db0": "keys=3,expires=1,avg_ttl=0", "x": None})

        assert info.fields.integer("used_memory") == 5
        assert info.fields["aof_enabled"] == "1"
        assert info.databases[0].keys == 3

    def test_takes_sections_apart_and_joins_what_info_packs(self):
        info = from_mapping(
            {"memory": {"used_memory": 5}, "db0": {"keys": 3, "expires": 0}, "cmdstat_get": {"calls": 7}}
        )

        assert info.fields["used_memory"] == "5"
        assert info.databases[0].keys == 3
        assert info.commands["get"].calls == 7


class TestNames:
    def test_say_which_section_to_ask_for(self):
        assert section_of("maxmemory_policy") == "memory"
        assert section_of("cmdstat_get") == "commandstats"
        assert section_of("db0") == "keyspace"
        assert section_of("nothing_like_it") == ""

    @pytest.mark.parametrize(
        "line", ["# Memory", "used_memory:5", "cmdstat_get:calls=1", "slave0:ip=a", "master_link_status:down"]
    )
    def test_tell_a_line_of_info(self, line):
        assert is_info_line(line)

    @pytest.mark.parametrize(
        "line", ["Note: it was slow", "http://example.com", "user_id:5", "# My notes", "role is master"]
    )
    def test_do_not_take_other_lines_for_info(self, line):
        assert not is_info_line(line)


class TestSamples:
    def test_know_whether_they_are_of_one_process(self):
        assert is_same_run(parse("run_id:a"), parse("run_id:a")) is True
        assert is_same_run(parse("run_id:a"), parse("run_id:b")) is False
        assert is_same_run(parse("role:master"), parse("run_id:b")) is None

    def test_merge_into_one_with_the_first_value_standing(self):
        merged = merge([parse("role:master"), parse("role:slave\nhz:10")])

        assert dict(merged.fields) == {"role": "master", "hz": "10"}
