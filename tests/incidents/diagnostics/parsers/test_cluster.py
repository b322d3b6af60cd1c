import pytest

from incidents.diagnostics.parsers import cluster_check, cluster_info, cluster_nodes, cluster_slots

A, B, C = "a" * 40, "b" * 40, "c" * 40
NODES = f"""{A} 10.0.0.1:7001@17001 myself,master - 0 1795348300000 1 connected 0-5460 5462 [5461->-{B}] [9000-<-{C}]
{B} 10.0.0.2:7002@17405,redis-2.internal,shard-id={C} master,fail - 1795348292502 1795348291495 3 disconnected 10923
{C} 10.0.0.3:7003@17003 slave,fail? {A} 0 1795348301573 1 connected
vars currentEpoch 7 lastVoteEpoch 0
"""
CHECK = f"""10.0.0.1:7001 (aaaaaaaa...) -> 354 keys | 5461 slots | 0 slaves.
[32;1m[OK] 354 keys in 1 masters.
[29;1m>>> Performing Cluster Check (using node 10.0.0.1:7001)
[0mM: {A} 10.0.0.1:7001
   slots:[0-5460] (5461 slots) master
S: {B} 10.0.0.2:7002
   slots: (0 slots) slave
   replicates {A}
[31;1m[ERR] Not all 16384 slots are covered by nodes.
Could not connect to Redis at 10.0.0.3:7003: Connection refused
"""


class TestNodes:
    nodes = cluster_nodes.parse(NODES)

    def test_reads_every_part_of_a_line(self):
        mine = self.nodes.myself

        assert mine is not None
        assert (mine.address, mine.bus_port, mine.config_epoch, mine.link_state) == (
            "10.0.0.1:7001",
            17001,
            1,
            "connected",
        )
        assert mine.slots == ((0, 5460), (5462, 5462))
        assert (mine.migrating[0].slot, mine.migrating[0].node_id) == (5461, B)
        assert (mine.importing[0].slot, mine.importing[0].node_id) == (9000, C)

    def test_reads_what_7_0_added(self):
        node = self.nodes.node(B)

        assert node is not None
        assert (node.hostname, node.shard_id, node.bus_port) == ("redis-2.internal", C, 17405)
        assert node.is_failed
        assert not node.is_suspected

    def test_tells_suspected_from_failed(self):
        node = self.nodes.node(C)

        assert node is not None
        assert node.is_suspected
        assert not node.is_failed
        assert node.is_replica
        assert self.nodes.replicas_of(A) == (node,)

    def test_counts_slots_of_living_nodes(self):
        assert self.nodes.slots_covered == 5462

    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("10.0.0.1:7001", ("10.0.0.1", 7001, None)),
            ("::1:7001@17001", ("::1", 7001, 17001)),
            (":0@0", ("", 0, 0)),
        ],
    )
    def test_reads_addresses_of_every_age(self, address, expected):
        (node,) = cluster_nodes.parse(f"{A} {address} master,noaddr - 0 0 1 disconnected").nodes

        assert (node.ip, node.port, node.bus_port) == expected

    def test_still_names_a_node_whose_line_was_cut(self):
        (node,) = cluster_nodes.parse(f"{A} 10.0.0.1:7001@17001 myself,mas").nodes

        assert node.address == "10.0.0.1:7001"

    def test_reads_quoted_replies_lists_and_objects(self):
        quoted = '"' + NODES.replace("\n", "\\n") + '"'
        objects = {
            "10.0.0.1:7001@17001": {"node_id": A, "flags": "myself,master", "master_id": "-", "slots": [["0", "5"]]}
        }

        assert len(cluster_nodes.parse(quoted).nodes) == 3
        assert len(cluster_nodes.parse(NODES.splitlines()).nodes) == 3
        assert cluster_nodes.parse(objects).nodes[0].slot_count == 6

    def test_counts_a_line_that_was_pasted_twice_once(self):
        assert len(cluster_nodes.parse(NODES + NODES).nodes) == 3


class TestInfo:
    @pytest.mark.parametrize("value", ["cluster_state:fail\r\ncluster_slots_ok:1\r\n", {"cluster_state": "fail"}])
    def test_reads_lines_and_objects(self, value):
        assert cluster_info.parse(value).fields.text("cluster_state") == "fail"


class TestSlots:
    @pytest.mark.parametrize(
        "value",
        [
            '1) 1) (integer) 0\n   2) (integer) 5460\n   3) 1) "10.0.0.1"\n      2) (integer) 7001\n      3) "aaa"\n'
            '   4) 1) "10.0.0.4"\n      2) (integer) 7004\n      3) "ddd"',
            "0\n5460\n10.0.0.1\n7001\naaa\n10.0.0.4\n7004\nddd",
            [[0, 5460, ["10.0.0.1", 7001, "aaa", []], ["10.0.0.4", 7004, "ddd", []]]],
        ],
    )
    def test_reads_every_form(self, value):
        (span,) = cluster_slots.parse_slots(value).ranges

        assert (span.first, span.last) == (0, 5460)
        assert [(node.ip, node.port) for node in span.nodes] == [("10.0.0.1", 7001), ("10.0.0.4", 7004)]

    @pytest.mark.parametrize(
        "value",
        [
            '1) 1) "slots"\n   2) 1) (integer) 0\n      2) (integer) 5460\n   3) "nodes"\n   4) 1) 1) "id"\n'
            '         2) "aaa"\n         3) "port"\n         4) (integer) 7001\n         5) "ip"\n'
            '         6) "10.0.0.1"\n         7) "role"\n'
            '         8) "master"\n         9) "health"\n        10) "failed"',
            "slots\n0\n5460\nnodes\nid\naaa\nport\n7001\nip\n10.0.0.1\nrole\nmaster\nhealth\nfailed",
            [
                {
                    "slots": [0, 5460],
                    "nodes": [{"id": "aaa", "port": 7001, "ip": "10.0.0.1", "role": "master", "health": "failed"}],
                }
            ],
        ],
    )
    def test_reads_shards_in_every_form(self, value):
        (shard,) = cluster_slots.parse_shards(value).shards

        assert shard.slots == ((0, 5460),)
        assert (shard.nodes[0].id, shard.nodes[0].port, shard.nodes[0].health) == ("aaa", 7001, "failed")


class TestCheck:
    def test_reads_nodes_and_verdicts_with_half_eaten_colours(self):
        check = cluster_check.parse(CHECK)

        assert [(node.address, node.is_master, node.slots) for node in check.nodes] == [
            ("10.0.0.1:7001", True, 5461),
            ("10.0.0.2:7002", False, 0),
        ]
        assert check.nodes[1].replicates == A
        assert [verdict.text for verdict in check.of_level("error")] == ["Not all 16384 slots are covered by nodes."]
        assert check.of_level("unreachable")[0].line == 10
