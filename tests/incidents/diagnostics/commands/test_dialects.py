from __future__ import annotations

import pytest

from incidents.diagnostics.commands import MANAGED, Target, check, render, substitute

REDIS_62 = Target("redis", (6, 2, 16))
REDIS_70 = Target("redis", (7, 0, 15))
VALKEY_80 = Target("valkey", (8, 0, 1))
CLUSTER = Target("redis", (7, 0, 15), "cluster")


class TestRender:
    def test_leaves_alone_what_needs_no_change(self):
        rendering = render("redis-cli INFO memory | grep used", REDIS_70)

        assert rendering.command == "redis-cli INFO memory | grep used"
        assert not rendering.text

    def test_uses_valkey_cli_for_valkey(self):
        assert render("redis-cli -p 6380 INFO", VALKEY_80).command == "valkey-cli -p 6380 INFO"
        assert render("redis-check-aof --fix f", VALKEY_80).command == "valkey-check-aof --fix f"

    def test_says_replica_for_slave(self):
        assert render("redis-cli SLAVEOF NO ONE", REDIS_70).command == "redis-cli REPLICAOF NO ONE"
        assert "replica-read-only" in render("CONFIG SET slave-read-only yes", REDIS_70).command

    def test_uses_the_names_of_before_7_0(self):
        command = render("CONFIG SET hash-max-listpack-entries 64", REDIS_62).command

        assert command == "CONFIG SET hash-max-ziplist-entries 64"

    def test_runs_settings_on_every_node_of_a_cluster(self):
        rendering = render("redis-cli -h n1 -p 7001 -a pw CONFIG SET maxmemory 4gb", CLUSTER)

        assert rendering.command == "redis-cli -a pw --cluster call n1:7001 CONFIG SET maxmemory 4gb"
        assert "every node" in rendering.text.en

    def test_leaves_a_command_with_the_node_that_it_is_meant_for(self):
        to_one = "redis-cli -h <node> -p <port> CONFIG SET cluster-announce-bus-port <right-port>"
        demotion = "redis-cli -h <old-master> REPLICAOF <new-master> <port>"

        assert render(to_one, CLUSTER).command == to_one
        assert render(demotion, Target("redis", (7, 0), "sentinel")).command == demotion

    def test_spares_replicas_a_flush(self):
        assert render("redis-cli FLUSHALL", CLUSTER).command.endswith("--cluster-only-masters")

    def test_follows_a_key_to_its_node(self):
        assert render("redis-cli TTL key", CLUSTER).command == "redis-cli -c TTL key"

    def test_aims_sentinel_commands_at_sentinel(self):
        assert render("SENTINEL MASTERS", REDIS_70).command == "redis-cli -p 26379 SENTINEL MASTERS"
        assert render("redis-cli -p 26380 SENTINEL MASTERS", REDIS_70).command == "redis-cli -p 26380 SENTINEL MASTERS"

    def test_asks_sentinel_for_a_failover(self):
        command = render("redis-cli REPLICAOF NO ONE", Target("redis", (7, 0), "sentinel")).command

        assert command == "redis-cli -p 26379 SENTINEL FAILOVER <master-name>"

    @pytest.mark.parametrize(
        ("service", "line", "part"),
        [
            ("elasticache", "redis-cli CONFIG SET timeout 300", "ParameterName=timeout,ParameterValue=300"),
            ("elasticache", "redis-cli CONFIG SET maxmemory 4gb", "--cache-node-type"),
            (
                "elasticache",
                "redis-cli CONFIG SET client-output-buffer-limit 'replica 1mb 512kb 60'",
                '"ParameterName=client-output-buffer-limit-replica-hard-limit,ParameterValue=1048576"',
            ),
            ("memorydb", "redis-cli BGSAVE", "aws memorydb create-snapshot"),
            ("azure", "redis-cli CONFIG SET maxmemory-policy allkeys-lru", "redisConfiguration.maxmemory-policy"),
            ("redis-enterprise", "redis-cli CONFIG SET maxclients 20000", "max_connections 20000"),
            ("gcp-memorystore", "redis-cli CONFIG SET timeout 300", "--update-redis-config"),
        ],
    )
    def test_takes_the_way_of_the_service(self, service, line, part):
        rendering = render(line, Target("redis", (7, 0), managed=service))

        assert part in rendering.command
        assert rendering.text.ko
        assert rendering.text.en

    def test_uses_the_valkey_tool_of_memorystore(self):
        command = render("CONFIG SET timeout 300", Target("valkey", (8, 0), managed="gcp-memorystore")).command

        assert command.startswith("gcloud memorystore instances update")

    @pytest.mark.parametrize("service", MANAGED)
    @pytest.mark.parametrize(
        "line",
        [
            "redis-cli CONFIG SET client-output-buffer-limit 'replica 512mb 256mb 60'",
            "redis-cli SHUTDOWN NOSAVE",
            "redis-cli ACL SETUSER app on",
            "redis-cli --cluster fix H:P",
            "df -h",
            "redis-check-aof --fix appendonly.aof",
        ],
    )
    def test_never_shows_a_service_what_it_forbids(self, service, line):
        target = Target("redis", (7, 2), managed=service)

        rendering = render(line, target)

        assert rendering.text.ko
        assert not rendering.command or check(rendering.command, target=target).ok

    def test_shows_nothing_that_no_server_has(self):
        assert render("redis-cli FLUSHCACHE", Target()).command == ""

    def test_tells_why_where_there_is_no_other_way(self):
        rendering = render("redis-cli CLIENT NO-TOUCH ON", REDIS_62)

        assert rendering.command == ""
        assert "7.2" in rendering.text.en
        assert "7.2" in rendering.text.ko


class TestSubstitute:
    @pytest.mark.parametrize(
        ("line", "target", "expected"),
        [
            (
                "redis-cli CONFIG SET maxmemory-clients 5%",
                REDIS_62,
                'redis-cli CONFIG SET client-output-buffer-limit "normal 256mb 128mb 60"',
            ),
            ("redis-cli LATENCY HISTOGRAM get", REDIS_62, "redis-cli INFO commandstats"),
            ("CLIENT KILL MAXAGE 600", REDIS_70, "CLIENT KILL ID <id>"),
            ("SCRIPT FLUSH ASYNC", Target("redis", (6, 0)), "SCRIPT FLUSH"),
            ("FUNCTION KILL", REDIS_62, "SCRIPT KILL"),
            ("CLUSTER SHARDS", REDIS_62, "CLUSTER SLOTS"),
            ("redis-cli --keystats", REDIS_62, "redis-cli --memkeys"),
            ("COMMANDLOG GET 10 slow", REDIS_70, "SLOWLOG GET 10"),
            ("INFO memory stats", REDIS_62, "INFO all"),
            ("CONFIG SET maxmemory 1gb timeout 60", REDIS_62, "CONFIG SET maxmemory 1gb ; CONFIG SET timeout 60"),
        ],
    )
    def test_finds_what_comes_closest(self, line, target, expected):
        assert substitute(line, target) == expected

    def test_is_none_where_none_is_needed(self):
        assert substitute("redis-cli LATENCY HISTOGRAM get", REDIS_70) is None

    def test_is_none_where_none_exists(self):
        assert substitute("redis-cli CLIENT NO-TOUCH ON", REDIS_62) is None
        assert substitute("df -h", REDIS_62) is None


class AServerThatWasSeenToRefuseTests:
    TARGET = Target(version=(7, 0, 15), refused=frozenset({"CONFIG", "CLIENT NO-EVICT"}))

    def test_is_shown_the_way_round_a_renamed_command(self):
        rendering = render("redis-cli CONFIG SET maxmemory 2gb", self.TARGET)

        assert rendering.command == ""
        assert "rename-command" in rendering.text.en

    def test_keeps_the_other_subcommands(self):
        assert render("redis-cli CLIENT LIST", self.TARGET).command == "redis-cli CLIENT LIST"
