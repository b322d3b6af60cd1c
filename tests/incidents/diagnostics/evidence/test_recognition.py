import json
from datetime import datetime

import pytest

from incidents.diagnostics.evidence import EvidenceKind, recognise
from tests.incidents.diagnostics.evidence import samples


def kinds(text):
    return [str(piece.kind) for piece in recognise(text)]


class TestOneKind:
    @pytest.mark.parametrize("kind", samples.BY_KIND)
    def test_is_recognised_alone(self, kind):
        assert kinds(samples.BY_KIND[kind]) == [kind]

    @pytest.mark.parametrize("kind", samples.BY_KIND)
    def test_is_recognised_with_windows_line_ends_and_a_byte_order_mark(self, kind):
        assert kinds("\ufeff" + samples.BY_KIND[kind].replace("\n", "\r\n")) == [kind]

    @pytest.mark.parametrize("kind", samples.BY_KIND)
    def test_is_recognised_in_colour(self, kind):
        coloured = "\n".join(f"\x1b[32m{line}\x1b[0m" if line else "" for line in samples.BY_KIND[kind].split("\n"))

        assert kinds(coloured) == [kind]

    @pytest.mark.parametrize("kind", samples.BY_KIND)
    def test_is_recognised_in_a_code_fence_below_a_sentence(self, kind):
        assert kinds(f"어젯밤부터 이상합니다.\n\n```\n{samples.BY_KIND[kind]}\n```\n") == ["prose", kind]

    @pytest.mark.parametrize("kind", sorted(set(samples.BY_KIND) - {"client_errors", "container_events"}))
    def test_is_recognised_when_indented(self, kind):
        indented = "\n".join(f"    {line}" if line else "" for line in samples.BY_KIND[kind].split("\n"))

        assert kinds(indented) == [kind]

    def test_is_parsed(self):
        parsed = {kind: recognise(text)[0].data for kind, text in samples.BY_KIND.items()}

        assert parsed["info"].fields.integer("used_memory") == 67121360
        assert parsed["slowlog"].entries[0].command == "KEYS"
        assert len(parsed["client_list"].clients) == 2
        assert parsed["latency_latest"].events[1].name == "expire-cycle"
        assert len(parsed["cluster_nodes"].nodes) == 2
        assert parsed["sentinel"].masters[0].name == "mymaster"
        assert parsed["acl_log"].entries[0].count == 472
        assert parsed["config"].fields["maxmemory"] == "2gb"
        assert parsed["metrics"].fields.integer("used_memory") == 1_200_000_000


class TestRawReply:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            (samples.SLOWLOG_RAW, "slowlog"),
            ("0\n5460\n10.0.0.1\n7001\nabc\n\n5461\n16383\n10.0.0.2\n7002\ndef\n", "cluster_slots"),
            ("slots\n0\n5460\nnodes\nid\naaa\nport\n7001", "cluster_shards"),
            ("1795348326\n43\n1795348327\n46", "latency_history"),
            ("0 4 0.31 96", "cli_latency"),
            ("OK 3 usable Sentinels. Quorum and failover authorization can be reached", "sentinel"),
        ],
    )
    def test_is_recognised_though_nothing_announces_it(self, text, kind):
        assert kinds(text) == [kind]


class TestMixture:
    def test_is_split_without_any_marks(self):
        order = [
            "info",
            "server_log",
            "slowlog",
            "client_list",
            "latency_doctor",
            "memory_doctor",
            "memory_stats",
            "latency_latest",
            "cluster_nodes",
            "cluster_info",
            "cluster_check",
            "sentinel",
            "config",
            "client_errors",
        ]
        text = "\n\n".join(["Redis is slow since 10am, see below.", *(samples.BY_KIND[kind] for kind in order)])

        assert kinds(text) == ["prose", *order]

    def test_is_split_at_prompts_that_name_the_node(self):
        text = (
            f"느려졌습니다. 봐 주세요.\n10.0.0.3:7001> INFO\n{samples.INFO}\n10.0.0.3:7001> SLOWLOG GET 10\n"
            f"{samples.SLOWLOG_RAW}\n10.0.0.3:7001> SET a 1\n"
            "(error) OOM command not allowed when used memory > 'maxmemory'.\n10.0.0.3:7001>\n"
        )

        prose, info, slowlog, error = recognise(text)

        assert prose.kind is EvidenceKind.PROSE
        assert (info.kind, info.node, info.first_line) == ("info", "10.0.0.3:7001", 3)
        assert (slowlog.kind, slowlog.name, len(slowlog.data.entries)) == ("slowlog", "SLOWLOG GET 10", 1)
        assert (error.kind, error.node) == ("client_errors", "10.0.0.3:7001")

    @pytest.mark.parametrize(
        ("command", "kind", "node"),
        [
            ("$ redis-cli -h 10.0.0.9 -p 7001 SLOWLOG GET", "slowlog", "10.0.0.9:7001"),
            ("root@cache-a:~# redis-cli -a secret --no-auth-warning slowlog get 128", "slowlog", "cache-a"),
            ("kubectl exec -it redis-0 -n prod -- redis-cli SLOWLOG GET", "slowlog", "redis-0"),
            ("docker exec -it cache-2 valkey-cli -p 6380 COMMANDLOG GET 10 slow", "slowlog", "cache-2:6380"),
        ],
    )
    def test_reads_shell_prompts(self, command, kind, node):
        (piece,) = recognise(f"{command}\n{samples.SLOWLOG_RAW}")

        assert (piece.kind, piece.node) == (kind, node)

    @pytest.mark.parametrize(
        ("heading", "node"),
        [
            ("=== node 10.0.0.3 ===", "10.0.0.3"),
            ("[redis-2]", "redis-2"),
            ("--- 7001 ---", "7001"),
            ("## redis-node-1", "redis-node-1"),
            ("10.0.0.3:6379:", "10.0.0.3:6379"),
            ("**replica-2**", "replica-2"),
            ("마스터:", "master"),
            ("==> /var/log/redis/node-7002.log <==", "node-7002"),
            ("### 노드: cache-b1", "cache-b1"),
        ],
    )
    def test_reads_headings_that_name_the_node(self, heading, node):
        (piece,) = recognise(f"{heading}\n{samples.LOG}")

        assert (piece.kind, piece.node) == ("server_log", node)

    def test_does_not_take_a_sentence_for_a_heading(self):
        pieces = recognise(f"And this is the server log:\n{samples.LOG}\n\nThe node was fine before:\n{samples.INFO}")

        assert {piece.node for piece in pieces} == {""}

    def test_names_samples_by_the_times_between_them(self):
        later = samples.INFO.replace("uptime_in_seconds:1300", "uptime_in_seconds:1400")
        text = f"2026-11-17 08:01:26\n{samples.INFO}\n\n=== 2026-11-17 08:09:26 ===\n{later}"

        assert [piece.at for piece in recognise(text)] == [
            datetime(2026, 11, 17, 8, 1, 26),
            datetime(2026, 11, 17, 8, 9, 26),
        ]

    def test_splits_samples_that_stand_one_below_the_other(self):
        first, second = recognise(f"{samples.INFO}\n{samples.INFO.replace('1300', '1400')}")

        assert first.data.fields["uptime_in_seconds"] == "1300"
        assert second.data.fields["uptime_in_seconds"] == "1400"
        assert second.first_line == samples.INFO.count("\n") + 2

    def test_parts_a_stream_of_several_containers(self):
        lines = [f"redis-{number % 2}  | {line}" for number, line in enumerate(samples.LOG.split("\n"))]

        assert [(piece.kind, piece.node) for piece in recognise("\n".join(lines))] == [
            ("server_log", "redis-0"),
            ("server_log", "redis-1"),
        ]

    def test_keeps_a_crash_report_in_its_log(self):
        start = "=== REDIS BUG REPORT START: Cut & paste starting from here ==="
        report = f"{start}\n------ INFO OUTPUT ------\n{samples.INFO}\n"

        assert kinds(f"{samples.LOG}\n{report}------ STACK TRACE ------\nEIP:\nfoo(bar+0x1)\n{samples.LOG}") == [
            "server_log"
        ]

    def test_undoes_the_marks_of_a_quoted_mail(self):
        quoted = "\n".join(f"> {line}" for line in samples.INFO.split("\n"))

        assert kinds(quoted) == ["info"]


class TestDisturbedPaste:
    def test_of_a_chat_keeps_talk_and_evidence_apart(self):
        text = (
            "10:02 김철수: redis 에서 아래 에러가 납니다\n> OOM command not allowed when used memory > 'maxmemory'.\n"
            "10:05 박영희: INFO memory 결과요\nused_memory:8589934592\nmaxmemory:8589934592\n"
            "10:07 김철수: 재시작할까요?"
        )

        assert kinds(text) == ["prose", "client_errors", "prose", "info", "prose"]

    def test_of_a_bug_report_is_read_below_its_headings(self):
        text = (
            f"### Describe the bug\n\nIt crashes.\n\n### Logs\n```\n{samples.LOG}\n```\n\n### INFO\n<details>\n\n"
            f"```\n{samples.INFO}\n```\n\n</details>\n"
        )

        assert kinds(text) == ["prose", "server_log", "info"]

    def test_that_begins_and_ends_within_a_field_is_still_info(self):
        (piece,) = recognise("mory:8589934592\nused_memory_rss:9000000000\nmaxmemory:0\nmaxmem")

        assert piece.data.fields.integer("used_memory_rss") == 9_000_000_000

    def test_with_several_fields_on_a_line_is_info(self):
        (piece,) = recognise("used_memory:100 maxmemory:200 evicted_keys:0")

        assert piece.data.fields.integer("maxmemory") == 200

    def test_with_numbers_in_korean_bullets_is_prose(self):
        assert kinds("1. 어제 23시부터 느려짐\n2. used_memory는 5GB\n- connected_clients: 500 정도") == ["prose"]

    def test_of_replies_that_are_not_read_leaves_them_aside(self):
        pieces = recognise("127.0.0.1:6379> DBSIZE\n(integer) 12345\n127.0.0.1:6379> MEMORY USAGE foo\n(integer) 56")

        assert {piece.kind for piece in pieces} == {EvidenceKind.UNKNOWN}

    def test_of_a_collecting_script_is_split_at_its_titles(self):
        parts = {
            "INFO": samples.INFO,
            "SLOWLOG GET 128": samples.SLOWLOG_RAW,
            "CLIENT LIST": samples.CLIENTS,
            "CONFIG GET *": "maxmemory\n0\nsave\n\nappendonly\nno",
            "df -h": samples.DF,
        }
        text = "\n".join(f"===== {title} =====\n{text}\n" for title, text in parts.items())

        pieces = recognise(text)

        assert [piece.kind for piece in pieces] == ["info", "slowlog", "client_list", "config", "host"]
        assert dict(pieces[3].data.fields) == {"maxmemory": "0", "save": "", "appendonly": "no"}

    @pytest.mark.parametrize(
        "trace",
        [
            'Traceback (most recent call last):\n  File "/app/x.py", line 10, in <module>\n    r.get("a")\n'
            "redis.exceptions.BusyLoadingError: Redis is loading the dataset in memory",
            "ReplyError: MISCONF Redis is configured\n    at parseError (/app/parser.js:179:12) {\n  name: 'set'\n}",
            "panic: dial tcp 10.0.0.1:6379: i/o timeout\n\ngoroutine 1 [running]:\nmain.main()\n\t/main.go:10",
        ],
    )
    def test_of_a_stack_trace_is_one_error(self, trace):
        assert kinds(trace) == ["client_errors"]

    def test_of_an_application_log_counts_as_errors_once_it_holds_one(self):
        routine = "2026-11-22 10:00:00.123  INFO 1 --- [nio-8080-exec-1] c.e.shop.OrderService : order handled\n" * 3
        error = "2026-11-22 10:00:01.123 ERROR 1 --- [nio-8080-exec-1] c.e.shop.Cache : Redis command timed out\n"

        assert kinds(routine) == ["unknown"]
        assert kinds(routine + error + routine) == ["client_errors"]


class TestJson:
    def test_is_read_as_the_incident_it_is(self):
        incident = {
            "description": "slow",
            "redis_info": samples.INFO,
            "error_logs": samples.LOG.split("\n"),
            "metrics": {"role": "master"},
        }

        assert sorted(kinds(json.dumps(incident))) == ["info", "metrics", "prose", "server_log"]

    def test_is_read_as_a_bundle_of_captures(self):
        bundle = {
            "info": samples.INFO,
            "slowlog": [[1, 1795348264, 5, ["GET", "a"], "10.0.0.7:1", ""]],
            "client_list": samples.CLIENTS,
        }

        assert sorted(kinds(json.dumps(bundle))) == ["client_list", "info", "slowlog"]

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            ({"used_memory": 5, "maxmemory": 7, "connected_clients": 3}, "metrics"),
            ({"maxmemory-policy": "noeviction", "maxmemory": "0"}, "config"),
            ([[14, 1795348264, 5, ["GET", "a"], "10.0.0.7:1", ""]], "slowlog"),
            ({"set": {"calls": 3, "histogram_usec": {"8": 3}}}, "latency_histogram"),
            ([{"slots": [0, 5460], "nodes": [{"id": "aaa", "port": 7001}]}], "cluster_shards"),
            ([{"Id": "abc", "State": {"Status": "exited", "OOMKilled": True, "ExitCode": 137}}], "container_events"),
            ({"kind": "Pod", "status": {"containerStatuses": []}}, "container_events"),
            ({"hits": {"hits": [{"_source": {"message": "1:M 22 Nov 2026 11:48:38.089 * Ready"}}]}}, "server_log"),
        ],
    )
    def test_is_told_by_its_shape(self, value, kind):
        assert kinds(json.dumps(value, indent=1)) == [kind]

    def test_lines_of_a_log_store_are_a_log(self):
        lines = [
            json.dumps({"@timestamp": "2026-11-22T11:00:00Z", "message": line}) for line in samples.LOG.split("\n")
        ]

        assert kinds("\n".join(lines)) == ["server_log"]

    def test_is_found_within_prose(self):
        text = f"here are the numbers:\n{json.dumps({'used_memory': 5, 'maxmemory': 7}, indent=1)}\nthanks"

        assert kinds(text) == ["prose", "metrics", "prose"]


class TestShortText:
    @pytest.mark.parametrize(
        "text",
        [
            "Redis is slow today, what should I check?",
            "레디스가 느려요. READONLY 에러가 납니다.",
            "로그인이 안 되고 used_memory가 maxmemory에 가깝습니다",
            "Steps:\n1) we restarted redis\n2) then it failed",
            "The memory is 5GB: is that normal?",
        ],
    )
    def test_of_people_is_prose(self, text):
        assert kinds(text) == ["prose"]

    @pytest.mark.parametrize(
        "text",
        [
            "OOM command not allowed when used memory > 'maxmemory'.",
            "(error) MISCONF Redis is configured to save RDB snapshots",
            "redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379. Connection refused.",
            "Error: connect ECONNREFUSED 127.0.0.1:6379",
            "2026-11-22 10:00:00.123 ERROR 1 --- [nio-8080-exec-1] o.s.web : Redis failed",
        ],
    )
    def test_of_clients_is_an_error(self, text):
        assert kinds(text) == ["client_errors"]

    def test_of_a_server_is_its_log_even_without_a_header(self):
        assert kinds("Can't save in background: fork: Cannot allocate memory") == ["server_log"]

    @pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff", "\x00"])
    def test_that_is_empty_is_nothing(self, text):
        assert kinds(text) == []
