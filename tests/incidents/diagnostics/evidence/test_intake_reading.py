from datetime import datetime

import pytest

from incidents.diagnostics.evidence import describe, prefill, read_intake
from incidents.diagnostics.intake import IncidentInput, UploadedText
from tests.incidents.diagnostics.evidence import samples


def read(**fields):
    return read_intake(IncidentInput(**fields))


def only(pieces, kind):
    (piece,) = [piece for piece in pieces if piece.kind == kind]
    return piece


class TestFields:
    def test_become_pieces_of_their_kind(self):
        pieces = read(
            description="느립니다",
            error_logs=tuple(samples.LOG.split("\n")),
            redis_info=samples.INFO,
            metrics={"used_memory": 5},
        )

        assert sorted(piece.kind for piece in pieces) == ["info", "metrics", "prose", "server_log"]

    def test_keep_a_description_that_quotes_an_error_as_prose(self):
        (piece,) = read(description="쓰기가 OOM command not allowed 로 실패합니다")

        assert piece.kind == "prose"

    def test_find_evidence_that_was_pasted_into_the_description(self):
        assert [piece.kind for piece in read(description=f"느립니다\n\n{samples.INFO}")] == ["prose", "info"]

    def test_take_lines_without_a_header_for_the_servers(self):
        (piece,) = read(error_logs=("Module 'system' loaded from ./red2.so",))

        assert piece.kind == "server_log"

    def test_tell_clients_errors_from_the_servers_lines(self):
        pieces = read(error_logs=("redis.exceptions.TimeoutError: Timeout reading from socket", samples.LOG))

        assert {piece.kind for piece in pieces} == {"client_errors", "server_log"}

    def test_say_when_info_was_refused(self):
        pieces = read(
            redis_info="BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
        )

        assert {piece.kind for piece in pieces} == {"client_errors", "info"} or {piece.kind for piece in pieces} == {
            "client_errors"
        }

    def test_read_settings_and_cluster_info_among_the_metrics(self):
        metrics = {"used_memory": 5, "cluster_node_timeout": 500, "appendonly": "yes", "cluster_state": "fail"}

        pieces = read(metrics=metrics)

        assert dict(only(pieces, "config").data.fields) == {"cluster-node-timeout": "500", "appendonly": "yes"}
        assert only(pieces, "cluster_info").data.fields["cluster_state"] == "fail"

    def test_take_fields_from_a_sentence_where_there_is_no_better_source(self):
        said = "OOM since noon: used_memory: 8.5G, maxmemory=8G and our_own_metric: 7"

        assert dict(only(read(description=said), "metrics").data.fields) == {"used_memory": "8.5G", "maxmemory": "8G"}
        assert "metrics" not in {piece.kind for piece in read(description=said, redis_info=samples.INFO)}


class TestArtifacts:
    @pytest.mark.parametrize(
        ("name", "value", "kind", "count"),
        [
            ("slowlog", samples.SLOWLOG_RAW.split("\n"), "slowlog", "entries"),
            ("client_list", samples.CLIENTS.split("\n"), "client_list", "clients"),
            ("latency_latest", samples.LATENCY_LATEST, "latency_latest", "events"),
            ("latency_doctor", samples.LATENCY_DOCTOR, "latency_doctor", "spikes"),
            ("latency_history_expire", "1795348326\n43", "latency_history", "samples"),
            ("memory_doctor", samples.MEMORY_DOCTOR, "memory_doctor", "issues"),
            ("memory_stats", samples.MEMORY_STATS, "memory_stats", "fields"),
            ("cluster_nodes", samples.CLUSTER_NODES, "cluster_nodes", "nodes"),
            ("cluster_info", samples.CLUSTER_INFO, "cluster_info", "fields"),
            ("cluster_check", samples.CLUSTER_CHECK, "cluster_check", "nodes"),
            ("acl_log", samples.ACL_LOG, "acl_log", "entries"),
            ("acl_list", samples.ACL_LIST, "acl_list", "users"),
            ("config", {"maxmemory": "0", "save": ""}, "config", "fields"),
            ("sentinel_master", samples.SENTINEL_MASTER, "sentinel", "masters"),
            ("df", samples.DF, "host", "filesystems"),
            ("sysctl", {"vm.overcommit_memory": "0"}, "host", "settings"),
            ("bigkeys_sample", samples.BIGKEYS, "bigkeys", "biggest"),
        ],
    )
    def test_are_read_by_their_names(self, name, value, kind, count):
        (piece,) = read(artifacts={name: value})

        assert piece.kind == kind
        assert len(getattr(piece.data, count)) > 0

    def test_keep_two_samples_and_their_times(self):
        pieces = read(
            redis_info=samples.INFO,
            artifacts={
                "redis_info_earlier": samples.INFO.replace("1300", "820"),
                "redis_info_earlier_at": "2026-11-17T08:01:26",
                "redis_info_at": "2026-11-17T08:09:26",
            },
        )

        assert [piece.at for piece in pieces] == [datetime(2026, 11, 17, 8, 1, 26), datetime(2026, 11, 17, 8, 9, 26)]

    def test_read_a_series_of_measurements_as_samples(self):
        growth = [{"t": "2026-11-22T11:49:47", "used_memory": 1}, {"t": "2026-11-22T11:49:49", "used_memory": 2}]

        assert [piece.at for piece in read(artifacts={"growth": growth})] == [
            datetime(2026, 11, 22, 11, 49, 47),
            datetime(2026, 11, 22, 11, 49, 49),
        ]

    def test_know_how_many_clients_there_were(self):
        piece = only(read(artifacts={"client_list": samples.CLIENTS, "client_list_total": 1490}), "client_list")

        assert piece.data.count == 1490

    def test_keep_an_empty_slowlog_as_an_answer(self):
        piece = only(read(artifacts={"slowlog": []}), "slowlog")

        assert piece.data.entries == ()

    def test_name_the_node_that_is_in_their_name(self):
        pieces = read(
            artifacts={
                "replica_info_replication": "role:slave\nmaster_link_status:down",
                "replica_log_tail": ["9300:S 22 Nov 2026 11:49:32.002 * MASTER <-> REPLICA sync started"],
                "old_master_log": samples.LOG,
                "sentinel_ckquorum": "OK 3 usable Sentinels. Quorum and failover authorization can be reached",
            }
        )

        assert {piece.node for piece in pieces} == {"replica", "old master", "sentinel"}

    def test_without_a_known_name_are_read_by_their_looks(self):
        pieces = read(
            artifacts={
                "note": "nobody flushed anything",
                "something": samples.CLUSTER_NODES,
                "addresses": {"10.0.0.1": 7},
            }
        )

        assert [piece.kind for piece in pieces] == ["prose", "cluster_nodes", "unknown"]
        assert pieces[0].text == "note: nobody flushed anything"
        assert pieces[2].data == {"10.0.0.1": 7}


class TestFiles:
    def test_tell_node_and_kind_by_their_names(self):
        pieces = read(
            files=(
                UploadedText("node-7001.log", samples.LOG),
                UploadedText("node-7002.info", samples.INFO.replace("6379", "7002")),
                UploadedText("node-7002.cluster-nodes", samples.CLUSTER_NODES),
                UploadedText("bundle/cache-b/redis.log", "no header here\nat all"),
            )
        )

        assert [(piece.kind, piece.node) for piece in pieces] == [
            ("server_log", "node-7001"),
            ("info", "node-7002"),
            ("cluster_nodes", "node-7002"),
            ("server_log", "cache-b"),
        ]

    def test_say_when_a_node_did_not_answer(self):
        pieces = read(
            files=(UploadedText("node-7001.info", "Could not connect to Redis at 10.0.0.1:7001: Connection refused"),)
        )

        assert {(piece.kind, piece.node) for piece in pieces} == {("info", "node-7001"), ("client_errors", "node-7001")}
        assert only(pieces, "info").data.error.startswith("Could not connect")

    def test_give_the_info_of_a_crash_report_where_no_other_is(self):
        log = f"{samples.LOG}\n------ INFO OUTPUT ------\n{samples.INFO}\n------ CLIENT LIST OUTPUT ------\nid=3"

        (alone,) = [piece for piece in read(files=(UploadedText("a-1.log", log),)) if piece.kind == "info"]
        beside = read(redis_info=samples.INFO, files=(UploadedText("server.log", log),))

        assert alone.name.endswith("(crash report)")
        assert only(beside, "info").name == "INFO"


class TestRepetition:
    def test_is_dropped(self):
        assert len(read(redis_info=samples.INFO, pasted=(samples.INFO, samples.INFO))) == 1

    def test_of_a_sample_within_a_second_says_nothing_new(self):
        twin = samples.INFO.replace("1795348120000000", "1795348120250000").replace("67121360", "67121999")

        assert len(read(redis_info=samples.INFO, pasted=(twin,))) == 1


class TestNodes:
    def test_are_joined_by_run_id_process_and_port(self):
        pieces = read(
            redis_info=samples.INFO,
            error_logs=(samples.LOG,),
            metrics={"used_memory": 5},
            files=(
                UploadedText("node-6379.info", samples.INFO.replace("67121360", "1")),
                UploadedText("node-6380.log", "x\ny"),
            ),
        )

        assert {(piece.kind, piece.node) for piece in pieces} == {
            ("info", "node-6379"),
            ("server_log", "node-6379"),
            ("metrics", "node-6379"),
            ("server_log", "node-6380"),
        }

    def test_keep_a_sentinel_apart_from_the_server(self):
        pieces = read(redis_info=samples.INFO, error_logs=(samples.SENTINEL_LOG,))

        assert {(piece.kind, piece.node) for piece in pieces} == {("info", ""), ("server_log", "sentinel")}

    def test_have_no_name_where_only_this_machine_is_spoken_of(self):
        (piece,) = read(pasted=(f"127.0.0.1:6379> INFO\n{samples.INFO}",))

        assert piece.node == ""

    def test_are_one_when_one_is_named_and_nothing_contradicts(self):
        pieces = read(redis_info=samples.INFO, files=(UploadedText("cache-7.log", samples.LOG),))

        assert {piece.node for piece in pieces} == {"cache-7"}

    def test_are_two_when_the_processes_differ(self):
        other = samples.LOG.replace("4817:M", "999:M")

        pieces = read(redis_info=samples.INFO, files=(UploadedText("cache-7.log", other),))

        assert {piece.node for piece in pieces} == {"", "cache-7"}


class TestPrefill:
    def test_reads_version_mode_and_time_from_info(self):
        filled = prefill(read(redis_info=samples.INFO))

        assert filled.redis_version == "7.0.15"
        assert (filled.product, filled.deployment_type) == ("redis", "standalone")
        assert filled.timestamp == "2026-11-22T11:48:40"

    def test_takes_valkeys_own_version(self):
        text = "redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.0.1\nserver_mode:cluster\ncluster_enabled:1"

        filled = prefill(read(redis_info=text))

        assert (filled.redis_version, filled.product, filled.deployment_type) == ("8.0.1", "valkey", "cluster")

    def test_makes_do_with_a_log(self):
        log = (
            "4817:C 22 Nov 2026 11:48:27.192 # Redis version=6.2.6, bits=64\n"
            "4817:M 22 Nov 2026 11:48:28.000 * Running mode=cluster, port=7001."
        )

        filled = prefill(read(pasted=(log,)))

        assert (filled.redis_version, filled.deployment_type, filled.timestamp) == (
            "6.2.6",
            "cluster",
            "2026-11-22T11:48:28",
        )

    def test_reads_a_version_that_somebody_wrote(self):
        assert prefill(read(description="We run Redis 6.2.7 on EC2")).redis_version == "6.2.7"

    def test_claims_nothing_it_does_not_know(self):
        filled = prefill(read(description="느립니다", metrics={"cluster_node_timeout": 500}))

        assert (filled.redis_version, filled.deployment_type, filled.timestamp) == ("", "", "")


class TestDescribe:
    def test_lists_what_was_recognised_in_both_languages(self):
        rows = describe(read(error_logs=(samples.LOG,)))

        assert (rows[0].kind, rows[0].lines) == ("server_log", 4)
        assert (rows[0].label.ko, rows[0].label.en) == ("서버 로그", "Server log")
