"""Error replies with and without their code, and exceptions of client libraries."""

import pytest

from incidents.diagnostics.parsers.client_errors import looks_like, parse

ERRORS = {
    "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'maxmemory'.": "reply-oom",
    "-OOM command not allowed when used memory > 'maxmemory'.": "reply-oom",
    "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist.": "reply-misconf",
    "LOADING Redis is loading the dataset in memory": "reply-loading",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.": "reply-busy",
    "redis.ReadOnlyError: You can't write against a read only replica.": "reply-readonly",
    "READONLY You can't write against a read only slave.": "reply-readonly",
    "NOREPLICAS Not enough good slaves to write.": "reply-noreplicas",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": "reply-masterdown",
    "CLUSTERDOWN Hash slot not served": "reply-clusterdown",
    "ReplyError: MOVED 3999 10.0.0.4:6379": "reply-moved",
    "(error) ASK 3999 10.0.0.4:6379": "reply-ask",
    "TRYAGAIN Multiple keys request during rehashing of slot": "reply-tryagain",
    "CROSSSLOT Keys in request don't hash to the same slot": "reply-crossslot",
    "NOAUTH Authentication required.": "reply-noauth",
    "redis.AuthenticationError: invalid username-password pair or user is disabled.": "reply-wrongpass",
    "NOPERM this user has no permissions to run the 'flushall' command": "reply-noperm",
    "DENIED Redis is running in protected mode because protected mode is enabled": "reply-denied",
    "WRONGTYPE Operation against a key holding the wrong kind of value": "reply-wrongtype",
    "NOSCRIPT No matching script. Please use EVAL.": "reply-noscript",
    "UNKILLABLE Sorry the script already executed write commands against the dataset.": "reply-unkillable",
    "EXECABORT Transaction discarded because of previous errors.": "reply-execabort",
    "redis.ConnectionError: max number of clients reached": "reply-max-clients",
    "ERR unknown command `FOO`, with args beginning with:": "reply-unknown-command",
    "redis.ConnectionError: Error 111 connecting to 10.0.0.3:6379. Connection refused.": "client-refused",
    "Error: connect ECONNREFUSED 127.0.0.1:6379": "client-refused",
    "redis.exceptions.TimeoutError: Timeout reading from socket": "client-timeout",
    "io.lettuce.core.RedisCommandTimeoutException: Command timed out after 1 minute(s)": "client-timeout",
    "StackExchange.Redis.RedisTimeoutException: Timeout performing GET (5000ms), inst: 0, qu: 0": "client-timeout",
    "dial tcp 10.0.0.1:6379: i/o timeout": "client-timeout",
    "JedisConnectionException: Could not get a resource from the pool": "client-pool-exhausted",
    "redis: connection pool timeout": "client-pool-exhausted",
    "Error: getaddrinfo ENOTFOUND redis-master": "client-dns",
    "java.net.UnknownHostException: redis-master": "client-dns",
    "RedisException: read error on connection to 127.0.0.1:6379": "client-closed",
    "JedisConnectionException: Unexpected end of stream.": "client-closed",
    "Error while reading from 127.0.0.1:6379 : (104, 'Connection reset by peer')": "client-reset",
    "MaxRetriesPerRequestError: Reached the max retries per request limit (which is 20).": "client-retries-exhausted",
    "Redis::CannotConnectError: Error connecting to Redis on localhost:6379": "client-no-connection",
    "ssl.SSLCertVerificationError: certificate verify failed: certificate has expired": "client-tls",
    "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1007)": "client-tls-mismatch",
}


class ParseTests:
    @pytest.mark.parametrize(("line", "event"), ERRORS.items())
    def test_knows_the_error(self, line, event):
        [error] = parse(line)

        assert error.meaning.event == event

    def test_reads_who_saw_it_how_often_and_as_what(self):
        [error] = parse("api-2: redis.exceptions.AuthenticationError: invalid username-password pair. (x1,204)")

        assert error.reporter == "api-2"
        assert error.count == 1204
        assert error.exception == "redis.exceptions.AuthenticationError"
        assert error.code == "WRONGPASS"  # the library had stripped it

    def test_carries_the_meaning_over_to_a_line_that_says_the_same(self):
        first, second = parse("api-1: NOAUTH Authentication required. (x3)\napi-2: the same (x5)")

        assert second.meaning == first.meaning
        assert (second.reporter, second.count) == ("api-2", 5)

    def test_passes_over_stack_frames(self):
        text = "redis.exceptions.ConnectionError: Connection closed by server.\n  at Foo.bar(Foo.java:3)\n\n"

        assert len(parse(text)) == 1

    def test_keeps_what_it_does_not_know(self):
        [error] = parse("my.own.FancyError: something odd")

        assert error.meaning is None
        assert error.exception == "my.own.FancyError"

    def test_does_not_take_prose_for_codes(self):
        [error] = parse("we asked and moved 3 nodes to 10.0.0.1")

        assert error.meaning is None


class LooksLikeTests:
    def test_is_sure_of_errors_and_of_nothing_else(self):
        assert looks_like("\n".join(ERRORS)) > 0.9
        assert looks_like("1:M 22 Nov 2026 12:00:05.123 * DB saved on disk") == 0
