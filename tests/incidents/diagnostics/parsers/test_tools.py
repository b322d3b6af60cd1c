from incidents.diagnostics.parsers import bigkeys, host, prometheus

SCAN = """# Scanning the entire keyspace to find biggest keys
[00.00%] Biggest string found so far '"session:711"' with 200 bytes
[27.78%] Biggest hash   found so far '"user:796"' with 2 fields
[84.67%] Biggest hash   found so far '"events"' with 101375 fields
"""
SUMMARY = """-------- summary -------

Sampled 2016 keys in the keyspace!
Biggest   hash found '"events"' has 101375 fields
1001 hashs with 103375 fields (49.65% of keys, avg size 103.27)
"""


class TestBigkeys:
    def test_reads_the_summary(self):
        found = bigkeys.parse(SCAN + SUMMARY)

        assert found.sampled == 2016
        assert {key.type: key.size for key in found.biggest} == {"string": 200, "hash": 101375}
        assert found.types[0].share == 49.65

    def test_makes_do_with_what_was_found_before_the_cut(self):
        assert {key.name for key in bigkeys.parse(SCAN).biggest} == {"session:711", "events"}

    def test_reads_hot_keys(self):
        found = bigkeys.parse('hot key found with counter: 10\tkeyname: "cart:1"')

        assert (found.hot[0].name, found.hot[0].size) == ("cart:1", 10)


class TestHost:
    def test_reads_df(self):
        (disk,) = host.parse(
            "Filesystem Size Used Avail Use% Mounted on\n/dev/sda1 10M 10M 0 100% /var/lib/redis"
        ).filesystems

        assert (disk.size, disk.available, disk.used_percent, disk.mount) == (10 * 2**20, 0, 100, "/var/lib/redis")

    def test_counts_plain_blocks_in_kibibytes_and_inodes_in_ones(self):
        text = "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/sda1 1000 900 100 90% /data"
        inodes = "Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/sda1 1000 1000 0 100% /data"

        assert host.parse(text).filesystems[0].size == 1024000
        assert host.parse(inodes).filesystems[0].size == 1000
        assert host.parse(inodes).filesystems[0].is_inodes

    def test_reads_ls(self):
        (entry,) = host.parse("total 64\ndr-xr-xr-x 2 root redis 4096 Nov 22 11:53 /var/lib/redis").files

        assert (entry.owner, entry.group, entry.name) == ("root", "redis", "/var/lib/redis")
        assert not entry.is_writable_by_owner

    def test_reads_free_in_its_units(self):
        kib = "       total        used        free\nMem:  32886260    15033736    812000\nSwap: 2097148  0  2097148"
        mib = kib.replace("32886260", "32116").replace("2097148", "2047")

        assert host.parse(kib).memory.integer("mem_total") == 32886260 * 1024
        assert host.parse(kib).memory.integer("swap_total") == 2097148 * 1024
        assert host.parse(mib).memory.integer("swap_total") == 2047 * 2**20

    def test_reads_settings_and_limits(self):
        text = "vm.overcommit_memory = 0\nalways [madvise] never\nopen files                      (-n) 1024"

        found = host.parse(text)

        assert found.settings["vm.overcommit_memory"] == "0"
        assert found.settings["transparent_hugepage"] == "always [madvise] never"
        assert found.limits["open files"] == "1024"

    def test_reads_vmstat_rows(self):
        text = (
            " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"
            " 2  1 524288  81200   1024 204800  900 1200   100   200 1000 2000 10  5 60 25  0"
        )

        assert host.parse(text).vmstat[0]["so"] == 1200

    def test_is_empty_for_anything_else(self):
        assert host.parse("hello\nworld").is_empty


class TestPrometheus:
    def test_gives_metrics_the_names_of_info(self):
        text = 'redis_memory_used_bytes{instance="a"} 1.2e+09\nredis_connected_clients 12\nredis_evicted_keys_total 7'

        fields = prometheus.parse(text).fields

        assert fields.integer("used_memory") == 1_200_000_000
        assert fields.integer("connected_clients") == 12
        assert fields.integer("evicted_keys") == 7
