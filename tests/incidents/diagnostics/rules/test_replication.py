from __future__ import annotations

import pytest

from incidents.diagnostics.findings import Severity, State
from tests.incidents.diagnostics.rules.pastes import MASTER, REPLICA, examine_paste, found, is_skipped, log, verdict

ONLINE = "connected_slaves:1\nslave0:ip=10.0.0.2,port=6379,state=online,offset={offset},lag={lag}\n"
BACKLOG = "master_repl_offset:{written}\nrepl_backlog_active:1\nrepl_backlog_size:1048576\n"
CUT = (
    "Client id=9 addr=10.0.0.2:40 flags=S cmd=psync scheduled to be closed ASAP for overcoming of output buffer limits."
)
ASKED = "Full resync requested by replica 10.0.0.2:6379"
LOST = "Connection with replica 10.0.0.2:6379 lost."
BACK = "Replica 10.0.0.2:6379 asks for synchronization"
LINK_LOST = "Connection with master lost."
LINKED = "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization."
REFUSED = "Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair or user is disabled."
STAGING = "REPLICAOF 10.9.9.9:6379 enabled (user request from 'id=5 addr=10.7.0.4:51000 fd=8 name=nightly cmd=replicaof')"
DRILL = "REPLICAOF 10.0.0.2:6379 enabled (user request from 'id=5 addr=10.7.0.4:51000 fd=8 name=drill cmd=replicaof')"
BY_SENTINEL = "REPLICAOF 10.9.9.9:6379 enabled (user request from 'id=5 addr=10.7.0.4:51 name=sentinel-1a-cmd cmd=exec')"
SYNCED = ("Full resync from master: 1c4f3256e38bca05c50b081aa2c05d408d9e69cd:0", "MASTER <-> REPLICA sync: Flushing old data")
PROMOTED = "MASTER MODE enabled (user request from 'id=6 addr=10.7.0.4:51001 fd=8 name=nightly cmd=replicaof')"


def master(*, offset: int, written: int, lag: int = 0) -> str:
    return MASTER + ONLINE.format(offset=offset, lag=lag) + BACKLOG.format(written=written)


def replica(status: str = "down", **fields: object) -> str:
    return REPLICA + f"master_link_status:{status}\n" + "".join(f"{name}:{value}\n" for name, value in fields.items())


class TestFires:
    @pytest.mark.parametrize(
        ("rule_id", "severity", "paste"),
        [
            ("repl-link-down", "critical", {"info": replica(master_link_down_since_seconds=900)}),
            ("repl-link-down", "high", {"info": replica(master_link_down_since_seconds=40)}),
            ("repl-link-down", "medium", {"info": replica(master_link_down_since_seconds=3)}),
            ("repl-link-down", "high", {"logs": log(LINK_LOST, role="S")}),
            ("repl-auth-failure", "high", {"logs": log(REFUSED, role="S")}),
            (
                "repl-auth-failure",
                "high",
                {"logs": log("Unexpected reply to PSYNC from master: -NOAUTH Authentication required.", role="S")},
            ),
            ("repl-lag-bytes", "critical", {"info": master(offset=1_000, written=90_000_000, lag=9)}),
            ("repl-lag-seconds", "medium", {"info": master(offset=1_000, written=1_100, lag=12)}),
            ("repl-lag-seconds", "high", {"info": replica("up", master_last_io_seconds_ago=44)}),
            ("repl-full-resync-loop", "critical", {"logs": log(*[ASKED, "SYNC failed. BGSAVE failed"] * 3)}),
            ("repl-full-resync-loop", "high", {"info": MASTER.replace("90000", "600") + "connected_slaves:1\nsync_full:40\n"}),
            ("repl-output-buffer-limit", "high", {"logs": log(CUT)}),
            (
                "repl-partial-resync-failing",
                "high",
                {"logs": log(*["Unable to partial resync with replica 10.0.0.2:6379 for lack of backlog"] * 2)},
            ),
            ("repl-replica-lost", "critical", {"info": MASTER + "connected_slaves:0\n", "logs": log(BACK, LOST)}),
            ("repl-flapping", "high", {"logs": log(*[LOST, BACK] * 4)}),
            ("repl-min-replicas-unmet", "critical", {"info": MASTER + "connected_slaves:0\nmin_slaves_good_slaves:0\n"}),
            ("repl-min-replicas-unmet", "critical", {"client_errors": ["NOREPLICAS Not enough good replicas to write."]}),
            ("repl-readonly-writes", "high", {"client_errors": ["READONLY You can't write against a read only replica."]}),
            ("repl-masterdown-reads", "critical", {"client_errors": ["MASTERDOWN Link with MASTER is down and x"]}),
            ("repl-timeout", "high", {"logs": log("MASTER timeout: no data nor PING received...", role="S")}),
            (
                "repl-sync-stalled",
                "high",
                {"info": replica(master_sync_in_progress=1, master_sync_last_io_seconds_ago=90, loading=0)},
            ),
            (
                "repl-error-to-master",
                "critical",
                {
                    "logs": log(
                        "== CRITICAL == This replica is sending an error to its master: 'ERR x' after processing the "
                        "command 'set'",
                        role="S",
                    )
                },
            ),
            (
                "repl-stream-corrupt",
                "high",
                {"logs": log("Bad protocol from MASTER, the first byte is not '$' (we received 'HTTP/1.1')", role="S")},
            ),
            (
                "repl-replica-disk-error",
                "critical",
                {"logs": log("Replica is applying a command even though it is unable to write to disk.", role="S")},
            ),
            ("repl-fullsync-buffer", "high", {"logs": log("Replication buffer limit has been reached (900 bytes), stopped buffering replication stream", role="S")}),
            ("repl-failover-command", "high", {"logs": log("FAILOVER to 10.0.0.2:6379 aborted: replica left")}),
        ],
    )  # fmt: skip
    def test_with_the_severity_of_its_tier(self, rule_id, severity, paste):
        assert verdict(examine_paste(**paste), rule_id) == (Severity(severity), State.ACTIVE)

    @pytest.mark.parametrize(
        ("rule_id", "paste"),
        [
            ("repl-backlog-undersized", {"info": master(offset=9_000_000_000, written=9_000_000_000)}),
            ("repl-no-replica", {"info": MASTER + "connected_slaves:0\n", "sentinel_info": "# Sentinel\nsentinel_masters:1\nmaster0:name=m,status=ok,address=10.0.0.1:6379,slaves=0,sentinels=3\n"}),
            ("repl-writable-replica", {"info": replica("up", slave_read_only=0)}),
            ("repl-master-volatile", {"info": MASTER + "connected_slaves:2\naof_enabled:0\n", "config": {"save": "", "appendonly": "no"}}),
        ],
    )  # fmt: skip
    def test_as_a_risk_where_nothing_is_wrong_yet(self, rule_id, paste):
        assert found(examine_paste(**paste), rule_id)[0].state is State.RISK

    def test_when_a_connected_replica_leaves_between_two_samples(self):
        later = (MASTER + "connected_slaves:1\n").replace("90000", "90060")

        examination = examine_paste(later, redis_info_earlier=MASTER + "connected_slaves:2\n")

        assert found(examination, "repl-replica-lost")[0].values["before"] == 2


class TestStaysSilent:
    @pytest.mark.parametrize(
        ("rule_id", "paste"),
        [
            ("repl-link-down", {"info": replica("up")}),
            ("repl-lag-bytes", {"info": master(offset=89_500_000, written=90_000_000)}),
            ("repl-lag-seconds", {"info": master(offset=1_000, written=1_100, lag=1)}),
            ("repl-full-resync-loop", {"logs": log(ASKED, "Synchronization with replica 10.0.0.2:6379 succeeded")}),
            ("repl-output-buffer-limit", {"logs": log(CUT.replace("flags=S cmd=psync", "flags=P cmd=subscribe"))}),
            ("repl-flapping", {"logs": log(LOST, BACK)}),
            ("repl-min-replicas-unmet", {"info": MASTER + "connected_slaves:0\n"}),
            ("repl-backlog-undersized", {"info": master(offset=90_000, written=90_000)}),
            ("repl-sync-stalled", {"info": replica(master_sync_in_progress=1, master_sync_last_io_seconds_ago=0)}),
            ("repl-failover-command", {"info": MASTER + "master_failover_state:no-failover\n"}),
        ],
    )
    def test_on_a_healthy_look_alike(self, rule_id, paste):
        assert verdict(examine_paste(**paste), rule_id) is None

    @pytest.mark.parametrize(
        ("rule_id", "logs"),
        [
            ("repl-link-down", log(LINK_LOST, LINKED, role="S")),
            ("repl-auth-failure", log(REFUSED, LINKED, role="S")),
            ("repl-replica-lost", log(BACK, LOST, BACK)),
            ("repl-timeout", log("MASTER timeout: no data nor PING received...", LINKED, role="S")),
        ],
    )
    def test_but_tells_what_has_ended(self, rule_id, logs):
        assert verdict(examine_paste(logs=logs), rule_id) == (Severity.LOW, State.RECOVERED) or rule_id == "repl-timeout"
        assert all(finding.state is State.RECOVERED for finding in found(examine_paste(logs=logs), rule_id))

    def test_about_a_first_sync_that_is_under_way(self):
        examination = examine_paste(replica(master_sync_in_progress=1, master_link_down_since_seconds=-1))

        assert verdict(examination, "repl-link-down") == (Severity.LOW, State.CONTEXT)


class TestForeignMaster:
    def test_names_who_turned_the_master_away_and_when(self):
        logs = log(BACK, "DB 0: 5 keys", STAGING, *SYNCED, "Done loading RDB, keys loaded: 7, keys expired: 0.", PROMOTED)

        finding = found(examine_paste(MASTER, logs), "repl-foreign-master")[0]

        assert finding.severity is Severity.CRITICAL
        assert "09:00:02" in finding.summary.en
        assert "nightly 10.7.0.4" in finding.summary.ko
        assert "10.9.9.9:6379" in finding.summary.ko

    @pytest.mark.parametrize(
        "logs",
        [log(BACK, DRILL, *SYNCED, PROMOTED), log(BACK, BY_SENTINEL, *SYNCED, PROMOTED), log(STAGING, *SYNCED, role="S")],
        ids=["a drill with its own replica", "by Sentinel", "a new replica"],
    )
    def test_lets_planned_turns_pass(self, logs):
        assert verdict(examine_paste(MASTER, logs), "repl-foreign-master") is None


class TestEmptySync:
    def test_sees_a_replica_that_was_wiped(self):
        logs = log(
            "Done loading RDB, keys loaded: 900, keys expired: 0.", LINK_LOST, SYNCED[0],
            "Done loading RDB, keys loaded: 0, keys expired: 0.", role="S",
        )  # fmt: skip

        assert verdict(examine_paste(replica("up"), logs), "repl-empty-sync") == (Severity.CRITICAL, State.ACTIVE)

    def test_lets_a_new_empty_group_pass(self):
        logs = log(SYNCED[0], "Done loading RDB, keys loaded: 0, keys expired: 0.", role="S")

        assert verdict(examine_paste(replica("up"), logs), "repl-empty-sync") is None


class TestGroup:
    def test_sees_two_masters_that_share_a_history(self):
        ids = "master_replid:{}\nmaster_replid2:{}\n"
        old, new = MASTER + ids.format("a" * 40, "0" * 40), MASTER + ids.format("b" * 40, "a" * 40)

        examination = examine_paste(old_master_info=old, new_master_info=new)

        assert verdict(examination, "repl-too-many-masters") == (Severity.CRITICAL, State.ACTIVE)

    def test_lets_two_unrelated_masters_pass(self):
        ids = "master_replid:{}\nmaster_replid2:{}\n"
        files = {
            "cache.info": MASTER + ids.format("a" * 40, "0" * 40),
            "queue.info": MASTER + ids.format("b" * 40, "0" * 40),
        }

        assert verdict(examine_paste(files=files), "repl-too-many-masters") is None

    def test_misses_the_master_when_all_links_are_down(self):
        examination = examine_paste(files={"node-1.info": replica(), "node-2.info": replica()})

        assert verdict(examination, "repl-no-master") == (Severity.CRITICAL, State.ACTIVE)

    def test_sees_an_older_replica_and_a_smaller_limit(self):
        older = replica("up", maxmemory=100).replace("7.2.4", "6.2.1")
        files = {"node-1.info": MASTER + "maxmemory:900\n", "node-2.info": older, "node-2.conf": "replica-ignore-maxmemory no\nport 6379\nmaxmemory 100\nappendonly no\n"}  # fmt: skip

        examination = examine_paste(files=files)

        assert verdict(examination, "repl-version-skew") == (Severity.MEDIUM, State.ACTIVE)
        assert verdict(examination, "repl-maxmemory-skew") == (Severity.MEDIUM, State.RISK)

    def test_sees_that_nobody_may_be_promoted(self):
        assert verdict(examine_paste(replica("up", slave_priority=0)), "repl-promotable-none") == (Severity.HIGH, State.RISK)


NEEDS_EVIDENCE = (
    "repl-link-down", "repl-lag-bytes", "repl-lag-seconds", "repl-full-resync-loop", "repl-output-buffer-limit",
    "repl-partial-resync-failing", "repl-backlog-undersized", "repl-replica-lost", "repl-flapping", "repl-no-master",
    "repl-too-many-masters", "repl-min-replicas-unmet", "repl-writable-replica", "repl-readonly-writes",
    "repl-masterdown-reads", "repl-stale-serving", "repl-auth-failure", "repl-timeout", "repl-sync-stalled",
    "repl-error-to-master", "repl-stream-corrupt", "repl-replica-disk-error", "repl-master-volatile",
    "repl-empty-sync", "repl-fullsync-buffer", "repl-role-changed", "repl-foreign-master", "repl-failover-command",
    "repl-promotable-none", "repl-version-skew", "repl-maxmemory-skew", "repl-no-replica",
)  # fmt: skip


@pytest.mark.parametrize("rule_id", NEEDS_EVIDENCE)
def test_is_skipped_aloud_without_evidence(rule_id):
    assert is_skipped(examine_paste(acl_list=["user default on nopass ~* &* +@all"]), rule_id)
