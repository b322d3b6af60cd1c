from __future__ import annotations

import pytest

from incidents.diagnostics.commands import Target, check
from incidents.diagnostics.findings import Risk

REDIS_62 = Target("redis", (6, 2, 16))
REDIS_70 = Target("redis", (7, 0, 15))
REDIS_74 = Target("redis", (7, 4, 1))
REDIS_80 = Target("redis", (8, 0, 6))
VALKEY_80 = Target("valkey", (8, 0, 1))
VALKEY_81 = Target("valkey", (8, 1, 1))


def english(verdict) -> str:
    return " ".join(reason.en for reason in verdict.reasons)


class TestExistence:
    @pytest.mark.parametrize(
        ("line", "without", "with_it", "since"),
        [
            ("redis-cli CLIENT NO-EVICT ON", REDIS_62, REDIS_70, "7.0"),
            ("redis-cli CLIENT NO-TOUCH ON", REDIS_70, REDIS_74, "7.2"),
            ("redis-cli LATENCY HISTOGRAM get", REDIS_62, REDIS_70, "7.0"),
            ("redis-cli CLUSTER SHARDS", REDIS_62, REDIS_70, "7.0"),
            ("redis-cli CLIENT KILL MAXAGE 600", REDIS_70, REDIS_74, "7.4"),
            ("redis-cli EXPIRE key 60 NX", REDIS_62, REDIS_70, "7.0"),
            ("redis-cli SCRIPT FLUSH ASYNC", Target("redis", (6, 0, 16)), REDIS_62, "6.2"),
            ("redis-cli FAILOVER TO host 6379", Target("redis", (6, 0, 16)), REDIS_62, "6.2"),
            ("redis-cli CONFIG SET maxmemory-clients 5%", REDIS_62, REDIS_70, "7.0"),
            ("redis-cli CONFIG GET latency-tracking", REDIS_62, REDIS_70, "7.0"),
            ("redis-cli CLUSTER SLOT-STATS SLOTSRANGE 0 100", REDIS_80, Target("redis", (8, 2)), "8.2"),
            ("redis-cli CLUSTER MIGRATION STATUS ALL", REDIS_80, Target("redis", (8, 4)), "8.4"),
            ("redis-cli HOTKEYS GET", REDIS_80, Target("redis", (8, 6)), "8.6"),
            ("redis-cli HEXPIRE h 60 FIELDS 1 f", REDIS_70, REDIS_74, "7.4"),
            ("redis-cli INFO errorstats", Target("redis", (6, 0, 16)), REDIS_62, "1.0"),
            ("COMMANDLOG GET 10 slow", VALKEY_80, VALKEY_81, "8.1"),
        ],
    )
    def test_knows_the_version_that_brought_a_thing(self, line, without, with_it, since):
        assert not check(line, target=without).ok
        assert check(line, target=with_it).ok, english(check(line, target=with_it))
        assert check(line, target=with_it).since == since

    def test_names_both_versions(self):
        reason = check("redis-cli CONFIG SET maxmemory-clients 5%", target=REDIS_62).reasons[0]

        assert "Redis 7.0" in reason.en
        assert "Redis 6.2.16" in reason.en
        assert "Redis 7.0" in reason.ko

    def test_takes_a_version_without_its_patch_for_the_newest(self):
        assert check("redis-cli CONFIG SET maxmemory-clients 5%", target=Target("redis", (7, 0))).ok

    def test_tells_the_products_apart(self):
        assert "only in Valkey" in english(check("redis-cli COMMANDLOG LEN slow", target=REDIS_80))
        assert "only in Redis" in english(check("redis-cli VCARD key", target=VALKEY_81))
        assert not check("redis-cli CONFIG GET primaryauth", target=REDIS_80).ok

    def test_knows_what_was_removed(self):
        line = "redis-cli STRALGO LCS KEYS a b"

        assert check(line, target=REDIS_62).ok
        assert "removed in Redis 7.0" in english(check(line, target=REDIS_70))

    def test_turns_doubt_into_a_note_when_the_version_is_unknown(self):
        verdict = check("redis-cli CLIENT NO-EVICT ON", target=Target())

        assert verdict.ok
        assert "7.0" in verdict.notes[0].en

    @pytest.mark.parametrize("line", ["redis-cli FLUSHCACHE", "GETT key", "redis-cli SHOW MEMORY"])
    def test_refuses_what_no_server_has(self, line):
        assert "has no command" in english(check(line)) or "neither" in english(check(line))

    def test_guesses_what_was_meant(self):
        assert "`SLOWLOG`" in english(check("redis-cli SLOWLOGS GET 10"))

    def test_refuses_an_unknown_subcommand(self):
        assert "`MEMORY` has no subcommand `REPORT`" in english(check("redis-cli MEMORY REPORT"))

    def test_knows_module_commands_only_by_their_family(self):
        verdict = check("redis-cli FT.SEARCH index query", target=REDIS_70)

        assert verdict.ok
        assert "module" in verdict.notes[0].en


class TestArguments:
    @pytest.mark.parametrize(
        "line",
        [
            "redis-cli TTL",
            "redis-cli CONFIG SET maxmemory",
            "redis-cli CONFIG SET client-output-buffer-limit replica 512mb 256mb 60",
            "redis-cli SET key",
            "redis-cli CLIENT KILL",
            "redis-cli CLUSTER INFO extra",
            "redis-cli REPLICAOF host",
            "redis-cli XADD stream * field",
            "redis-cli LATENCY HISTORY",
            "redis-cli SLOWLOG GET ten",
        ],
    )
    def test_refuses_the_wrong_number_or_kind(self, line):
        assert not check(line, target=REDIS_70).ok

    def test_shows_the_grammar_without_types_and_versions(self):
        reason = english(check("redis-cli CLIENT KILL MAXAGE ten", target=REDIS_74))

        assert "MAXAGE <seconds>" in reason
        assert "@" not in reason

    @pytest.mark.parametrize(
        "line",
        [
            "redis-cli CLIENT KILL ID <id>",
            "redis-cli CONFIG SET maxmemory <bytes>",
            "redis-cli MEMORY USAGE {key}",
            "redis-cli CONFIG SET maxclients N",
            "redis-cli -h H -p P PING",
            "redis-cli XINFO STREAM $KEY FULL COUNT 10",
            "redis-cli ACL SETUSER app -@dangerous …",
            "redis-cli CLUSTER SETSLOT <slot> NODE <node-id>",
            'redis-cli CONFIG SET client-output-buffer-limit "replica <hard> <soft> 60"',
        ],
    )
    def test_accepts_stand_ins(self, line):
        assert check(line, target=REDIS_70).ok, english(check(line, target=REDIS_70))

    def test_lets_xargs_and_standard_input_bring_the_rest(self):
        assert check("redis-cli --scan --pattern 'tmp:*' | xargs redis-cli UNLINK").ok
        assert check("cat value.txt | redis-cli -x SET key").ok

    def test_sees_a_password_rule_that_the_shell_would_eat(self):
        assert "redirection" in english(check("redis-cli ACL SETUSER app on >secret"))
        assert check("redis-cli ACL SETUSER app on '>secret'").ok
        assert check("ACL SETUSER app on >secret").ok

    def test_refuses_what_is_no_acl_rule(self):
        assert not check("ACL SETUSER app read-only").ok


class TestSettings:
    @pytest.mark.parametrize(
        "line",
        [
            "CONFIG SET maxmemory 4gb",
            "CONFIG SET maxmemory 5368709120",
            "CONFIG SET save ''",
            "CONFIG SET save '3600 1 300 100'",
            "CONFIG SET activedefrag yes",
            "CONFIG SET notify-keyspace-events KEA",
            "CONFIG SET maxmemory-policy allkeys-lru",
            "CONFIG SET slave-read-only yes",
            "CONFIG GET maxmemory*",
            "CONFIG SET maxmemory 1gb maxmemory-policy noeviction",
            "CONFIG SET appendfsync everysec",
        ],
    )
    def test_accepts_good_values(self, line):
        assert check(line, target=REDIS_70).ok, english(check(line, target=REDIS_70))

    @pytest.mark.parametrize(
        ("line", "word"),
        [
            ("CONFIG SET maxmemory lots", "512mb"),
            ("CONFIG SET maxmemory 4 gb", "pairs"),
            ("CONFIG SET activedefrag on", "yes or no"),
            ("CONFIG SET maxmemory-policy lru", "allkeys-lru"),
            ("CONFIG SET client-output-buffer-limit 'replica 512mb 256mb'", "soft limit"),
            ("CONFIG SET notify-keyspace-events XYZ", "letters"),
            ("CONFIG SET max-memory 1gb", "no setting"),
            ("CONFIG GET evictionpolicy", "no setting"),
            ("CONFIG GET zzz*", "matches"),
            ("CONFIG SET databases 32", "restart"),
            ("CONFIG SET dir /data", "protected"),
            ("CONFIG SET maxmemory-policy allkeys-lrm", "8.6"),
        ],
    )
    def test_refuses_bad_names_and_values(self, line, word):
        assert word in english(check(line, target=REDIS_70))

    def test_knows_that_several_pairs_need_7_0(self):
        line = "CONFIG SET maxmemory 1gb maxmemory-policy noeviction"

        assert "7.0" in english(check(line, target=REDIS_62))

    def test_knows_when_a_setting_became_changeable(self):
        assert not check("CONFIG SET io-threads 4", target=REDIS_80).ok
        assert check("CONFIG SET io-threads 4", target=Target("valkey", (9, 0))).ok
        assert check("CONFIG SET dir /data", target=REDIS_62).ok

    def test_knows_names_of_before_and_after_7_0(self):
        assert not check("CONFIG SET hash-max-listpack-entries 64", target=REDIS_62).ok
        assert check("CONFIG SET hash-max-ziplist-entries 64", target=REDIS_62).ok

    def test_knows_the_options_of_sentinel_set(self):
        assert check("redis-cli -p 26379 SENTINEL SET m down-after-milliseconds 5000").ok
        assert not check("redis-cli -p 26379 SENTINEL SET m down-after 5000").ok


class TestPrograms:
    @pytest.mark.parametrize(
        "line",
        [
            "redis-cli --bigkeys -i 0.1",
            "redis-cli -h H -p P --memkeys",
            "redis-cli --latency-history -i 5",
            "redis-cli --intrinsic-latency 100",
            "redis-cli --cluster check H:P",
            "redis-cli --cluster check 10.0.0.1 7001",
            "redis-cli --cluster reshard H:P --cluster-from a --cluster-to b --cluster-slots 100 --cluster-yes",
            "redis-cli --cluster rebalance H:P --cluster-weight a=1 b=0 --cluster-use-empty-masters",
            "redis-cli --cluster add-node H:P H:P --cluster-slave --cluster-master-id <id>",
            "redis-cli --cluster del-node H:P <node-id>",
            "redis-cli --cluster call H:P CONFIG GET maxmemory",
            "redis-cli -a $PASSWORD --no-auth-warning --tls --cacert ca.pem INFO",
            "redis-check-aof --fix appendonly.aof",
            "redis-check-rdb dump.rdb",
            "redis-server --test-memory 4096",
            "redis-server /etc/redis/redis.conf --maxmemory 1gb",
            "redis-cli --eval script.lua key1 , arg1",
            "redis-cli --pipe < commands.txt",
            "valkey-cli INFO",
            "redis-cli",
        ],
    )
    def test_accepts_the_modes_of_the_tools(self, line):
        assert check(line, target=REDIS_70).ok, english(check(line, target=REDIS_70))

    @pytest.mark.parametrize(
        "line",
        [
            "redis-cli --big-keys",
            "redis-cli --cluster fix",
            "redis-cli --cluster heal H:P",
            "redis-cli --cluster del-node H:P",
            "redis-cli --cluster check H:P --cluster-repair",
            "redis-cli --cluster call H:P CONFIG SET nonsense 1",
            "redis-check-aof",
            "redis-check-aof --repair file",
            "redis-server --max-memory 1gb",
            "redis-cli --keystats",
            "redis-cli -p",
        ],
    )
    def test_refuses_what_they_do_not_have(self, line):
        assert not check(line, target=REDIS_70).ok

    def test_knows_which_client_has_an_option(self):
        assert check("redis-cli --keystats", target=REDIS_80).ok
        assert "only in Redis" in english(check("valkey-cli --keystats", target=VALKEY_80))

    @pytest.mark.parametrize(
        ("line", "risk"),
        [
            ("df -h", Risk.READ_ONLY),
            ("sysctl vm.overcommit_memory", Risk.READ_ONLY),
            ("sysctl vm.overcommit_memory=1", Risk.CHANGES_SETTINGS),
            ("systemctl status redis", Risk.READ_ONLY),
            ("systemctl restart redis", Risk.BLOCKS),
            ("kubectl delete pod redis-0", Risk.LOSES_DATA),
            ("kubectl get pods", Risk.READ_ONLY),
            ("kill -9 <pid>", Risk.LOSES_DATA),
            ("rm dump.rdb", Risk.LOSES_DATA),
            ("echo never > /sys/kernel/mm/transparent_hugepage/enabled", Risk.CHANGES_SETTINGS),
            ("dmesg -T | grep -i -E 'oom|killed process'", Risk.READ_ONLY),
            ("openssl s_client -connect H:P", Risk.READ_ONLY),
            ("cat /proc/<pid>/smaps | grep Swap", Risk.READ_ONLY),
        ],
    )
    def test_passes_programs_of_the_host_with_their_risk(self, line, risk):
        verdict = check(line)

        assert verdict.ok
        assert verdict.kind == "host"
        assert verdict.risk is risk

    def test_refuses_an_unknown_program(self):
        assert not check("redis-doctor --all").ok
        assert not check("maxmemory 4gb").ok

    def test_judges_a_line_by_its_worst_part(self):
        verdict = check("redis-cli INFO memory && redis-cli FLUSHALL")

        assert verdict.risk is Risk.LOSES_DATA
        assert verdict.warning is not None

    def test_says_that_an_unreadable_line_is_unreadable(self):
        assert "cannot read" in english(check("redis-cli SET key 'value"))
        assert not check("").ok


class TestPlaces:
    def test_keeps_sentinel_and_data_nodes_apart(self):
        assert not check("redis-cli -p 26379 CONFIG GET maxmemory").ok
        assert not check("redis-cli -p 6379 SENTINEL MASTERS").ok
        assert check("redis-cli -p 26379 SENTINEL MASTERS").ok

    def test_knows_what_cluster_mode_forbids_and_requires(self):
        assert not check("redis-cli REPLICAOF NO ONE", target=Target("redis", (7, 0), "cluster")).ok
        assert not check("redis-cli CLUSTER NODES", target=Target("redis", (7, 0), "standalone")).ok
        assert check("redis-cli CLUSTER NODES", target=Target("redis", (7, 0), "cluster")).ok

    @pytest.mark.parametrize(
        ("service", "line"),
        [
            ("elasticache", "redis-cli CONFIG SET maxmemory-policy allkeys-lru"),
            ("elasticache", "redis-cli BGSAVE"),
            ("memorydb", "redis-cli ACL SETUSER app on"),
            ("azure", "redis-cli SHUTDOWN"),
            ("redis-cloud", "redis-cli MEMORY DOCTOR"),
            ("redis-cloud", "redis-cli CONFIG SET maxmemory 1gb"),
            ("redis-enterprise", "redis-cli CLUSTER FAILOVER"),
            ("gcp-memorystore", "redis-cli MONITOR"),
            ("elasticache", "redis-cli --cluster fix H:P"),
            ("elasticache", "systemctl restart redis"),
            ("redis-cloud", "redis-check-aof --fix appendonly.aof"),
        ],
    )
    def test_knows_what_a_managed_service_blocks(self, service, line):
        assert not check(line, target=Target("redis", (7, 2), managed=service)).ok

    @pytest.mark.parametrize(
        ("service", "line"),
        [
            ("elasticache", "redis-cli INFO memory"),
            ("elasticache", "redis-cli SLOWLOG GET 10"),
            ("elasticache", "redis-cli CLUSTER NODES"),
            ("azure", "redis-cli CLIENT LIST"),
            ("redis-cloud", "redis-cli CONFIG SET slowlog-log-slower-than 10000"),
            ("redis-enterprise", "redis-cli LATENCY HISTOGRAM"),
        ],
    )
    def test_lets_through_what_it_does_not_block(self, service, line):
        verdict = check(line, target=Target("redis", (7, 2), managed=service))

        assert verdict.ok, english(verdict)

    @pytest.mark.parametrize("line", ["redis-cli DEBUG SLEEP 1", "redis-cli MODULE LOAD x.so"])
    def test_knows_what_is_refused_by_default_since_7_0(self, line):
        assert check(line, target=REDIS_62).ok
        assert "refused by default" in english(check(line, target=REDIS_70))

    def test_refuses_a_target_that_makes_no_sense(self):
        with pytest.raises(ValueError, match="product"):
            Target("memcached")
