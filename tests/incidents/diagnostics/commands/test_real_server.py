"""The gate and real servers agree.

By default the installed redis-server is asked. REDIS_TEST_SERVERS holds paths of other server binaries, Redis or
Valkey of any version, separated by colons; a server without its own client is asked by the installed redis-cli.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from incidents.diagnostics.commands import Target, Verdict, check, extract_commands
from incidents.diagnostics.commands.effects import quote
from incidents.diagnostics.commands.invocation import understand
from incidents.diagnostics.commands.shell import split_line
from incidents.diagnostics.commands.tables import Command, commands, read_toml, settings
from incidents.diagnostics.commands.versions import Span
from scripts import build_command_tables
from tests.incidents.diagnostics.commands.samples import ask, is_refused, sample_lines, with_values
from tests.servers import RedisServer, require_redis_server, server_version

pytestmark = pytest.mark.real_redis

SIGNALS = Path(__file__).resolve().parents[5] / "shared" / "signals.md"
BINARIES = os.environ.get("REDIS_TEST_SERVERS", "redis-server").split(":")

# Never sent: they end the server or the connection, turn it into a stream, wait, or touch files.
NEVER_SENT = {
    "ACL LOAD", "ACL SAVE", "CLIENT REPLY", "CLUSTER SYNCSLOTS", "CONFIG REWRITE", "DEBUG", "MODULE LOAD",
    "MODULE LOADEX", "MODULE UNLOAD", "MONITOR", "PFDEBUG", "PFSELFTEST", "PSUBSCRIBE", "PSYNC", "QUIT",
    "REPLCONF", "REPLICAOF", "RESET", "RESTORE-ASKING", "SHUTDOWN", "SLAVEOF", "SSUBSCRIBE", "SUBSCRIBE",
    "SYNC",
}  # fmt: skip
LEFT_TO_SENTINEL = ("SENTINEL DEBUG", "SENTINEL FAILOVER", "SENTINEL SIMULATE-FAILURE")
# Where COMMAND DOCS says less than the server enforces: dependent options, counts of keys that precede them, units
# that old servers want in small letters. Here the gate may be the more lenient of the two.
LENIENT = re.compile(
    r"(?:S|Z)(?:INTER|UNION|DIFF)|GEO|XREAD|XPENDING|ZRANGE|H\w*(?:EXPIRE|TTL|SETEX|GETEX)|CLIENT TRACKING|ZADD|STRALGO"
    r"|HELLO|V[A-Z]+\b|CLUSTER SLOT-STATS|XADD|ACL SETUSER|COMMAND GETKEYS"
)
# Where servers read a superfluous word as nothing, and the gate does not: it would be a mistake all the same.
STRICT = re.compile(
    r".* HELP |INFO|[HSZ]?SCAN|LOLWUT|BIT(?:COUNT|POS)|GEORADIUS|LINDEX|CLIENT UNBLOCK|CLUSTER SETSLOT"
    r"|SCRIPT EXISTS|GETEX|XTRIM"
)


@pytest.fixture(scope="module", params=BINARIES)
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    require_redis_server()
    with RedisServer(binary=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def cluster_node(server: RedisServer) -> Iterator[RedisServer]:
    with RedisServer({"cluster-enabled": "yes"}, binary=server.binary) as running:
        yield running


@pytest.fixture(scope="module")
def sentinel(server: RedisServer) -> Iterator[RedisServer]:
    with RedisServer(binary=server.binary, sentinel=True) as running:
        running.cli("SENTINEL", "MONITOR", "sample", "127.0.0.1", server.port, 1)
        yield running


@pytest.fixture
def target(server: RedisServer) -> Target:
    product = "valkey" if "valkey" in server.cli("INFO", "server") else "redis"
    return Target(product, server_version(server.binary))


def lines_of(command: Command) -> list[tuple[str, ...]]:
    """Return sample arguments by the grammar of either product, and some with a word too many or too few."""
    lines: list[tuple[str, ...]] = []
    for syntax in command.syntaxes.values():
        if syntax is not None:
            lines += sample_lines(syntax)
    lines = lines or [(), ("sample",)]
    return list(dict.fromkeys([*lines, (*lines[0], "extra"), lines[0][:-1]]))


def spelled(command: Command, arguments: tuple[str, ...]) -> str:
    return " ".join([command.name, *(quote(word) for word in arguments)])


class TestCommands:
    def test_are_refused_and_accepted_as_the_server_does(self, server, cluster_node, target):
        wrong = []
        for command in commands().values():
            if command.name in NEVER_SENT or command.name.startswith(("SENTINEL", "CONFIG")):
                continue
            port = (cluster_node if command.name.startswith("CLUSTER") else server).port
            for arguments in lines_of(command):
                line = spelled(command, arguments)
                verdict = check(line, target=target)
                reply = ask(port, [*command.name.split(), *arguments])
                if disagree(line, verdict, reply):
                    wrong.append(f"{line!r}: {reply!r}, {[reason.en for reason in verdict.reasons]}")
                ask(port, ["FLUSHALL"])

        assert not wrong, "\n".join(wrong)

    def test_exist_where_the_table_says_so(self, server, target):
        for command in commands().values():
            if " " in command.name or command.name == "SENTINEL":
                continue
            known = server.cli("COMMAND", "INFO", command.name) != ""
            if command.name in ("QUIT", "HOST:", "POST") or is_bundled_module(command):
                continue

            assert known == command.exists_in(target), command.name

    def test_know_the_sections_of_info(self, server, target):
        for section in (
            "cluster",
            "errorstats",
            "latencystats",
            "keysizes",
            "threads",
            "modules",
            "everything",
            "nonsense",
        ):
            empty = server.cli("INFO", section) == ""

            assert empty != check(f"INFO {section}", target=target).ok, section

    def test_of_sentinel_are_known_to_sentinel_alone(self, server, sentinel, target):
        for command in commands().values():
            if not command.name.startswith("SENTINEL ") or command.name in LEFT_TO_SENTINEL:
                continue
            for arguments in lines_of(command)[:3]:
                verdict = check(f"redis-cli -p 26379 {spelled(command, arguments)}", target=target)
                words = [*command.name.split(), *arguments]
                reply = ask(sentinel.port, ["sample" if word == "value" else word for word in words])

                assert not (verdict.ok and is_refused(reply)), f"{command.name} {arguments}: {reply}"
        assert is_refused(ask(server.port, ["SENTINEL", "MASTERS"]))


def disagree(line: str, verdict: Verdict, reply: str) -> bool:
    if verdict.ok:
        return is_refused(reply) and not LENIENT.match(line)
    # A refusal of ours is right where the server answers with any error, or with none at all.
    return reply != "" and not reply.startswith("-") and not STRICT.match(line)


def is_bundled_module(command: Command) -> bool:
    """Say whether a command comes from a module that a distribution may leave out."""
    return command.group == "module"


class TestSettings:
    def test_exist_where_the_table_says_so(self, server, target):
        tls_built_in = "tls-port" in server.cli("CONFIG", "GET", "tls-port")
        for setting in settings().values():
            if setting.name.startswith(("tls-", "rdma-")) and not tls_built_in:
                continue
            if setting.name == "lua-enable-deprecated-api":  # came to every series with a security patch
                continue
            known = server.cli("CONFIG", "GET", setting.name) != ""

            assert known == setting.exists_in(target), setting.name
            assert known == check(f"CONFIG GET {setting.name}", target=target).ok, setting.name

    def test_can_be_changed_where_the_table_says_so(self, server, target):
        for setting in settings().values():
            if setting.name in ("requirepass", "bind", "port", "rdma-port") or setting.name.startswith("tls-"):
                continue
            if not setting.exists_in(target):
                continue
            reply = server.cli("CONFIG", "SET", setting.name, "§nonsense§")
            refused = (
                re.search(r"immutable|protected config|Unsupported CONFIG parameter|Unknown option", reply) is not None
            )

            assert refused != setting.changes_in(target), f"{setting.name}: {reply}"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("maxmemory", "4gb"),
            ("maxmemory", "lots"),
            ("maxmemory-policy", "allkeys-lru"),
            ("maxmemory-policy", "lru"),
            ("save", ""),
            ("save", "3600 1 300"),
            ("appendfsync", "everysec"),
            ("appendfsync", "sometimes"),
            ("client-output-buffer-limit", "replica 512mb 256mb 60"),
            ("client-output-buffer-limit", "replica 512mb 256mb"),
            ("notify-keyspace-events", "KEA"),
            ("notify-keyspace-events", "XYZ"),
            ("repl-backlog-size", "256mb"),
            ("timeout", "soon"),
            ("no-appendfsync-on-rewrite", "maybe"),
            ("active-expire-effort", "4"),
            ("maxmemory-clients", "5%"),
            ("nonsense", "1"),
        ],
    )
    def test_take_the_values_that_the_gate_lets_through(self, server, target, name, value):
        accepted = server.cli("CONFIG", "SET", name, value) == "OK"

        assert accepted == check(f"CONFIG SET {name} {quote(value)}", target=target).ok


class TestClient:
    def test_has_the_options_of_the_table(self, server, target):
        if server.binary != "redis-server":
            pytest.skip("only the installed client is asked")
        printed = subprocess.run(["redis-cli", "--help"], capture_output=True, text=True, check=False)
        shown = set(re.findall(r"^\s{1,2}(--?[a-z0-9-]+)", printed.stdout + printed.stderr, re.M | re.I))
        known = read_toml("cli_options.toml")["options"]

        assert shown <= {*known, "--help", "--version"}
        for name in shown & set(known):
            assert target.product not in known[name] or Span.read(known[name][target.product]).covers(target.version), (
                name
            )

    @pytest.mark.parametrize(
        "subcommand", ["check", "info", "fix", "reshard", "rebalance", "add-node", "del-node", "call", "heal"]
    )
    def test_wants_the_nodes_that_the_table_wants(self, subcommand):
        require_redis_server()
        done = subprocess.run(["redis-cli", "--cluster", subcommand], capture_output=True, text=True, check=False)

        assert (
            "Wrong number of arguments" in done.stderr + done.stdout or "Unknown --cluster" in done.stderr + done.stdout
        )
        assert not check(f"redis-cli --cluster {subcommand}").ok


@pytest.mark.skipif(not SIGNALS.exists(), reason="the catalogue of signals is not beside this repository")
class TestCatalogue:
    def test_first_actions_are_judged_as_the_server_judges_them(self, server, sentinel, target):
        wrong = []
        for line in catalogue_commands():
            verdict = check(line, target=target)
            for words in sent_to_redis(line):
                port = (sentinel if words[0].upper() == "SENTINEL" else server).port
                reply = ask(port, with_values(words))
                if verdict.ok and is_refused(reply):
                    wrong.append(f"{line}: accepted, but {reply}")
                refused = reply.startswith("-") or reply in ("$0", "*0")  # an unknown section or setting gives nothing
                if not verdict.ok and not refused and "shell" not in verdict.reasons[0].en:
                    wrong.append(f"{line}: {verdict.reasons[0].en}, but {reply}")

        assert not wrong, "\n".join(wrong)


def catalogue_commands() -> list[str]:
    """Return the commands in the **Do** parts of the catalogue of signals."""
    parts = re.findall(r"\*\*Do\*\*(.*)", SIGNALS.read_text(encoding="utf-8"))
    return extract_commands("\n".join(parts))


def sent_to_redis(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a line that go to a server and may safely go to a throwaway one."""
    for simple in split_line(line):
        invocation = understand(simple)
        words = invocation.words
        if invocation.kind not in ("client", "bare") or not words or invocation.modes or invocation.open_ended:
            continue
        name = " ".join(words[:2]).upper()
        if not {name, words[0].upper()} & NEVER_SENT and "requirepass" not in words:
            yield words


class TestTables:
    def test_are_what_the_script_makes_of_this_server(self, server):
        built = dict(build_command_tables.build([server.binary]))

        for path, content in built.items():
            old, new = json.loads(path.read_text(encoding="utf-8")), json.loads(content)
            del old["about"], new["about"]  # a patch level not met before is no change of the tables
            assert old == new
