"""Small texts of every kind, as people paste them."""

A, B = "a" * 40, "b" * 40

INFO = """# Server
redis_version:7.0.15
redis_mode:standalone
process_id:4817
run_id:807bc1c6e83c7ac2c1c5cc2060e6fd44ba4f37b5
tcp_port:6379
server_time_usec:1795348120000000
uptime_in_seconds:1300

# Memory
used_memory:67121360
maxmemory:67108864

# Replication
role:master
connected_slaves:0

# Cluster
cluster_enabled:0

# Keyspace
db0:keys=92994,expires=1000,avg_ttl=6477140"""
LOG = """4817:M 22 Nov 2026 11:48:38.089 * 1000 changes in 10 seconds. Saving...
4817:M 22 Nov 2026 11:48:38.092 * Background saving started by pid 5986
5986:C 22 Nov 2026 11:48:38.259 * DB saved on disk
4817:M 22 Nov 2026 11:48:38.293 * Background saving terminated with success"""
SENTINEL_LOG = """20348:X 22 Nov 2026 11:54:29.000 # +sdown master mymaster 10.0.0.1 6379
20348:X 22 Nov 2026 11:54:29.100 # +odown master mymaster 10.0.0.1 6379 #quorum 2/2"""
SLOWLOG_TREE = """1) 1) (integer) 14
   2) (integer) 1795348264
   3) (integer) 48824
   4) 1) "KEYS"
      2) "session:*"
   5) "127.0.0.1:58217"
   6) \"\""""
SLOWLOG_RAW = "14\n1795348264\n48824\nKEYS\nsession:*\n127.0.0.1:58217\nadmin"
CLIENTS = """id=7 addr=10.0.0.7:57066 fd=8 name= age=9 idle=0 flags=N db=0 omem=0 tot-mem=22272 cmd=get user=default
id=15 addr=10.0.0.8:45184 fd=7 name= age=0 idle=0 flags=N db=0 omem=0 tot-mem=37658 cmd=client|list user=default"""
LATENCY_DOCTOR = """\
Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?

1. command: 1 latency spikes (average 6018ms, mean deviation 0ms, period 1.00 sec). Worst all time event 6018ms.

I have a few advices for you:

- Check your Slow Log to understand what are the commands you are running which are too slow to execute."""
MEMORY_DOCTOR = """Sam, I detected a few issues in this Redis instance memory implants:

 * Peak memory: In the past this instance used more than 150% the memory that is currently using.

I'm here to keep you safe, Sam. I want to help you."""
MEMORY_STATS = (
    "peak.allocated\n12157496\ntotal.allocated\n12157432\nclients.normal\n22272\ndb.0\noverhead.hashtable.main\n671672"
)
LATENCY_LATEST = "command\n1795348315\n6\n6\nexpire-cycle\n1795348327\n46\n46"
CLUSTER_NODES = f"""{A} 10.0.0.1:7001@17001 myself,master - 0 1795348300000 1 connected 0-5460
{B} 10.0.0.2:7002@17002 master,fail - 1795348292502 1795348291495 3 disconnected 10923-16383"""
CLUSTER_INFO = "cluster_state:fail\ncluster_slots_assigned:16384\ncluster_slots_ok:10923\ncluster_known_nodes:3"
CLUSTER_CHECK = f"""10.0.0.1:7001 (aaaaaaaa...) -> 354 keys | 5461 slots | 0 slaves.
[OK] 354 keys in 1 masters.
>>> Performing Cluster Check (using node 10.0.0.1:7001)
M: {A} 10.0.0.1:7001
   slots:[0-5460] (5461 slots) master
[ERR] Not all 16384 slots are covered by nodes."""
SENTINEL_MASTER = "name\nmymaster\nip\n10.0.0.1\nport\n6379\nrunid\n\nflags\nmaster,o_down\nnum-slaves\n2\nquorum\n2"
ACL_LOG = "count\n472\nreason\nauth\ncontext\ntoplevel\nobject\nAUTH\nusername\ndefault\nage-seconds\n0.005"
ACL_LIST = "user default on nopass sanitize-payload ~* &* +@all\nuser catalog on #abc ~catalog:* -@all +get"
CONF = 'maxmemory 2gb\nmaxmemory-policy noeviction\nsave ""\nappendonly yes'
BIGKEYS = """# Scanning the entire keyspace to find biggest keys as well as
# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec

[00.00%] Biggest hash   found so far '"user:796"' with 2 fields

-------- summary -------

Sampled 2016 keys in the keyspace!
Biggest   hash found '"events"' has 101375 fields"""
CLI_LATENCY = "min: 0, max: 12, avg: 0.19 (427 samples)"
CLIENT_ERRORS = """io.lettuce.core.RedisCommandTimeoutException: Command timed out after 1 minute(s)
\tat io.lettuce.core.internal.ExceptionFactory.createTimeoutException(ExceptionFactory.java:59)
Caused by: java.net.SocketTimeoutException"""
KERNEL = """[123456.789012] Out of memory: Killed process 1234 (redis-server) total-vm:8123456kB, anon-rss:7123456kB
[123456.799012] oom_reaper: reaped process 1234 (redis-server)"""
KUBECTL = """Name:             redis-0
Containers:
  redis:
    State:          Running
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Restart Count:  5"""
DF = """Filesystem      Size  Used Avail Use% Mounted on
tmpfs            10M   10M     0 100% /var/lib/redis/data"""
METRICS = 'redis_memory_used_bytes{instance="a:9121"} 1.2e+09\nredis_connected_clients{instance="a:9121"} 12'

BY_KIND = {
    "info": INFO,
    "server_log": LOG,
    "slowlog": SLOWLOG_TREE,
    "client_list": CLIENTS,
    "latency_doctor": LATENCY_DOCTOR,
    "memory_doctor": MEMORY_DOCTOR,
    "memory_stats": MEMORY_STATS,
    "latency_latest": LATENCY_LATEST,
    "cluster_nodes": CLUSTER_NODES,
    "cluster_info": CLUSTER_INFO,
    "cluster_check": CLUSTER_CHECK,
    "sentinel": SENTINEL_MASTER,
    "acl_log": ACL_LOG,
    "acl_list": ACL_LIST,
    "config": CONF,
    "bigkeys": BIGKEYS,
    "cli_latency": CLI_LATENCY,
    "client_errors": CLIENT_ERRORS,
    "kernel_log": KERNEL,
    "container_events": KUBECTL,
    "host": DF,
    "metrics": METRICS,
}
