"""Trying a shown command on private real servers: the right one of them, with sensible values in place of stand-ins."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType

from incidents.diagnostics.commands.invocation import Invocation, understand
from incidents.diagnostics.commands.placeholders import BRACKETED
from incidents.diagnostics.commands.shell import split_line
from incidents.diagnostics.findings import Risk
from incidents.lab.faults import wait_until
from tests.incidents.diagnostics.commands.samples import ask, is_refused
from tests.servers import RedisServer

SENTINEL_PORT = "26379"
ENDLESS = ("--latency", "--latency-history", "--latency-dist", "--intrinsic-latency", "--stat", "--monitor")
CONNECTION = ("-h", "-p", "-a", "-c", "--user", "--pass", "--askpass", "--tls", "--cacert", "--cert", "--key")
# What leaves a server in a state that others should not find it in.
SPOILS = re.compile(
    r"^(?:REPLICAOF|SLAVEOF|CLIENT PAUSE|FAILOVER|ACL SETUSER default|CONFIG SET (?:bind|min-replicas|io-threads))"
)
REFUSED_OPTION = re.compile(
    r"Unrecognized option|Unknown --cluster|Wrong number of arguments|bad number of args|unknown command"
    r"|unknown subcommand|wrong number of arg|Unknown option|no such option",
    re.I,
)
REFUSED_SETTING = re.compile(r"Unsupported CONFIG|Unknown option|CONFIG SET failed|Invalid argument", re.I)
ONLY_HERE = re.compile(
    r"can't set (?:protected|immutable)|Unable to (?:configure tls|update)|Failed to bind|modified Jemalloc"
    r"|not able to handle",
    re.I,
)
BY_NAME = (
    (re.compile(r"pass", re.I), "secret"),
    (re.compile(r"master-name|^<name>$"), "mymaster"),
    (re.compile(r"host|ip\b|addr|endpoint|node-\d|^<(?:\w+-)?(?:master|replica|node|side)>$", re.I), "127.0.0.1"),
    (re.compile(r"port", re.I), "1"),
    (re.compile(r"slot", re.I), "0"),
    (re.compile(r"sha", re.I), "e" * 40),
    (re.compile(r"script", re.I), "return 1"),
    (re.compile(r"command", re.I), "get"),
    (re.compile(r"user|app", re.I), "app"),
    (re.compile(r"(?:master|node|target|source|replica|hot|cool|new|small|failed|ghost).*id", re.I), "a" * 40),
)  # fmt: skip


class Trial:
    """A standalone server with data, one to be spoilt, a replica, a cluster node and a Sentinel."""

    def __enter__(self) -> Trial:
        self.stack = ExitStack()
        self.standalone = self.stack.enter_context(RedisServer({"repl-diskless-sync-delay": 0, "appendonly": "yes"}))
        self.cluster = self.stack.enter_context(RedisServer({"cluster-enabled": "yes"}))
        self.cluster.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        self.sentinel = self.stack.enter_context(RedisServer(sentinel=True))
        self.sentinel.cli("SENTINEL", "MONITOR", "mymaster", "127.0.0.1", self.standalone.port, 1)
        self.replica = self.stack.enter_context(RedisServer({"replicaof": f"127.0.0.1 {self.standalone.port}"}))
        wait_until(lambda: "cluster_state:ok" in self.cluster.cli("CLUSTER", "INFO"))
        self._fill(self.standalone)
        self.standalone.cli("SAVE")
        self.spoilt = self._fresh()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.spoilt.__exit__(None, None, None)
        self.stack.close()

    def complaints(self, line: str, risk: Risk) -> Iterator[str]:
        """What the servers find wrong with the form of a line. What runs on a host is left alone."""
        for simple in split_line(line):
            invocation = understand(simple)
            if invocation.kind == "client" and invocation.modes:
                yield from self._run_client(invocation)
            elif invocation.kind in ("client", "bare") and invocation.words:
                yield from self._send(invocation, risk)
            elif invocation.kind == "tool" and invocation.tool.startswith("check-"):
                yield from self._run_checker(invocation)

    # --- words for a server ---

    def _send(self, invocation: Invocation, risk: Risk) -> Iterator[str]:
        server = self._server_for(invocation, risk)
        words = [self._value(word, invocation.words, server) for word in invocation.words]
        if invocation.open_ended and words[0] not in ("EXPIRE",):
            words = [*(word for word in words if word not in ("...", "…")), "sample"]
        reply = ask(server.port, words)
        if is_refused(reply) or (REFUSED_SETTING.search(reply) and not ONLY_HERE.search(reply)):
            yield f"{' '.join(words)}: {reply}"
        if server is self.spoilt and (SPOILS.match(" ".join(words)) or ask(server.port, ["PING"]) != "+PONG"):
            self.spoilt.__exit__(None, None, None)
            self.spoilt = self._fresh()

    def _server_for(self, invocation: Invocation, risk: Risk) -> RedisServer:
        head = invocation.words[0].upper()
        if head == "SENTINEL" or invocation.option("-p") == SENTINEL_PORT:
            return self.sentinel
        if head in ("CLUSTER", "READONLY", "READWRITE", "ASKING") or "cluster-" in " ".join(invocation.words):
            return self.cluster
        if risk is not Risk.READ_ONLY or head in ("MULTI", "MONITOR", "AUTH", "SHUTDOWN"):
            return self.spoilt
        if head in ("ROLE", "INFO", "PING") and "replica" in (invocation.option("-h") or ""):
            return self.replica
        return self.standalone

    def _value(self, word: str, words: Sequence[str], server: RedisServer) -> str:
        """Put a value in the place of a stand-in: what the setting holds now, or what the name suggests."""
        if not BRACKETED.search(word):
            return "1" if re.fullmatch(r"[A-Z]", word) else word
        if [part.upper() for part in words[:2]] == ["CONFIG", "SET"] and BRACKETED.fullmatch(word):
            current = server.cli("CONFIG", "GET", words[words.index(word) - 1]).splitlines()
            return current[1] if len(current) > 1 and current[1] else "1"
        return BRACKETED.sub(lambda found: _named(found.group()), word)

    def _fresh(self) -> RedisServer:
        server = RedisServer({"aclfile": "users.acl"})
        (server.directory / "users.acl").write_text("user default on nopass ~* &* +@all\n")
        server.start()
        self._fill(server)
        return server

    def _fill(self, server: RedisServer) -> None:
        for words in (
            ["SET", "sample", "1"],
            ["RPUSH", "queue", "1"],
            ["XADD", "stream", "*", "a", "1"],
            ["HSET", "hash", "a", "1"],
        ):
            ask(server.port, words)

    # --- what redis-cli does itself ---

    def _run_client(self, invocation: Invocation) -> Iterator[str]:
        in_cluster = "--cluster" in invocation.modes
        server = self.cluster if in_cluster else self.standalone
        kept = [part for name, values in invocation.options if name not in CONNECTION for part in (name, *values)]
        words = [*kept, *invocation.words]
        words = [self._client_value(word, server, in_cluster=in_cluster) for word in words]
        try:
            said = server.cli(*words, timeout=1.0 if words[0] in ENDLESS else 8.0, stdin="no\n")
        except subprocess.TimeoutExpired as still:
            said = (still.stdout or b"").decode(errors="replace")
        if found := REFUSED_OPTION.search(said):
            yield f"redis-cli {' '.join(words)}: {said[max(0, found.start() - 60) : found.end() + 60]}"

    def _run_checker(self, invocation: Invocation) -> Iterator[str]:
        files = {
            "check-rdb": self.standalone.directory / "dump.rdb",
            "check-aof": self.standalone.directory / "appendonlydir" / "appendonly.aof.manifest",
        }
        options = [word for word in invocation.words if word.startswith("--")]
        words = [f"redis-{invocation.tool}", *options, str(files[invocation.tool])]
        done = subprocess.run(words, capture_output=True, text=True, input="n\n", check=False)
        if done.returncode:
            yield f"{' '.join(words)}: {done.stdout}{done.stderr}"

    def _client_value(self, word: str, server: RedisServer, *, in_cluster: bool) -> str:
        if in_cluster and re.fullmatch(r"[^\s=]+:(?:\d+|<port>)", word):
            return f"127.0.0.1:{server.port}"
        if "/" in word or word.endswith(".rdb") or word == "<file>":
            return str(server.directory / "copy.rdb")
        if in_cluster and BRACKETED.search(word) and "id" in word:
            return BRACKETED.sub(server.cli("CLUSTER", "MYID"), word)
        return BRACKETED.sub(lambda found: _named(found.group()), word)


def _named(stand_in: str) -> str:
    inner = stand_in.strip("<>{}")
    for name in ("queue", "stream", "hash"):
        if inner == name:
            return name
    return next((value for pattern, value in BY_NAME if pattern.search(stand_in)), "1")
