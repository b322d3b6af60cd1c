from __future__ import annotations

import pytest

from incidents.diagnostics.commands import check
from incidents.diagnostics.findings import Risk


class TestRisk:
    @pytest.mark.parametrize(
        ("line", "risk"),
        [
            ("redis-cli INFO", Risk.READ_ONLY),
            ("redis-cli CLIENT LIST", Risk.READ_ONLY),
            ("redis-cli CONFIG GET save", Risk.READ_ONLY),
            ("redis-cli MEMORY DOCTOR", Risk.READ_ONLY),
            ("redis-cli GET key", Risk.READ_ONLY),
            ("redis-cli CLUSTER NODES", Risk.READ_ONLY),
            ("redis-cli ACL LOG 20", Risk.READ_ONLY),
            ("redis-cli ACL LOG RESET", Risk.CHANGES_SETTINGS),
            ("redis-cli CONFIG SET maxmemory 4gb", Risk.CHANGES_SETTINGS),
            ("redis-cli CLIENT KILL ID 7", Risk.CHANGES_SETTINGS),
            ("redis-cli SLOWLOG RESET", Risk.CHANGES_SETTINGS),
            ("redis-cli LPUSH list value", Risk.CHANGES_SETTINGS),
            ("redis-cli KEYS '*'", Risk.BLOCKS),
            ("redis-cli BGSAVE", Risk.BLOCKS),
            ("redis-cli SAVE", Risk.BLOCKS),
            ("redis-cli MONITOR", Risk.BLOCKS),
            ("redis-cli CONFIG SET appendonly yes", Risk.BLOCKS),
            ("redis-cli CLUSTER FAILOVER", Risk.BLOCKS),
            ("redis-cli CLUSTER FAILOVER TAKEOVER", Risk.LOSES_DATA),
            ("redis-cli FLUSHALL", Risk.LOSES_DATA),
            ("redis-cli UNLINK key", Risk.LOSES_DATA),
            ("redis-cli REPLICAOF NO ONE", Risk.CHANGES_SETTINGS),
            ("redis-cli REPLICAOF host 6379", Risk.LOSES_DATA),
            ("redis-cli SHUTDOWN NOSAVE", Risk.LOSES_DATA),
            ("redis-cli CONFIG SET save ''", Risk.LOSES_DATA),
            ("redis-cli CONFIG SET maxmemory-policy allkeys-lru", Risk.LOSES_DATA),
            ("redis-cli CONFIG SET stop-writes-on-bgsave-error no", Risk.LOSES_DATA),
            ("redis-cli --cluster check H:P", Risk.READ_ONLY),
            ("redis-cli --cluster fix H:P", Risk.LOSES_DATA),
            ("redis-check-aof file", Risk.READ_ONLY),
            ("redis-check-aof --fix file", Risk.LOSES_DATA),
        ],
    )
    def test_is_what_the_command_does(self, line, risk):
        assert check(line).risk is risk

    @pytest.mark.parametrize(
        "line",
        [
            "redis-cli FLUSHALL",
            "redis-cli DEL key",
            "redis-cli SHUTDOWN",
            "redis-cli REPLICAOF host 6379",
            "redis-cli CLUSTER RESET HARD",
            "redis-cli CONFIG SET appendonly no",
            "redis-cli --cluster fix H:P",
            "redis-check-aof --fix file",
            "redis-cli XGROUP DESTROY stream group",
            "redis-cli SET key value",
        ],
    )
    def test_warns_of_everything_that_loses_data(self, line):
        verdict = check(line)

        assert verdict.is_destructive
        assert verdict.warning
        assert verdict.warning.ko != verdict.warning.en


class TestUndoAndVerify:
    def test_names_the_old_value_and_the_check(self):
        verdict = check("redis-cli -h cache -p 6380 CONFIG SET maxmemory-policy allkeys-lru")

        assert verdict.undo == "redis-cli -h cache -p 6380 CONFIG SET maxmemory-policy <old value>"
        assert verdict.verify == "redis-cli -h cache -p 6380 INFO stats"

    def test_undoes_every_pair(self):
        assert (
            check("CONFIG SET maxmemory 1gb timeout 60").undo == "CONFIG SET maxmemory <old value> timeout <old value>"
        )

    def test_gives_an_undo_that_passes_the_gate_itself(self):
        for line in ("redis-cli REPLICAOF NO ONE", "redis-cli CLIENT PAUSE 1000", "redis-cli PERSIST key"):
            verdict = check(line)

            assert check(verdict.undo).ok, verdict.undo

    def test_offers_none_where_there_is_none(self):
        assert check("redis-cli FLUSHALL").undo == ""
