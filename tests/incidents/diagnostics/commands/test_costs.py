from __future__ import annotations

import pytest

from incidents.diagnostics.commands import estimate


class TestEstimate:
    @pytest.mark.parametrize(
        ("line", "counts", "low", "high"),
        [
            ("redis-cli KEYS '*'", {"keys": 5_000_000}, 1_000, 5_000),
            ("FLUSHALL", {"keys": 1_000_000}, 200, 1_000),
            ("redis-cli BGSAVE", {"bytes": 10 * 1024**3}, 100, 500),
            ("redis-cli CONFIG SET appendonly yes", {"bytes": 10 * 1024**3}, 100, 500),
            ("HGETALL big", {"elements": 1_000_000}, 100, 500),
            ("DEL big", {"elements": 1_000_000}, 100, 500),
            ("redis-cli CLIENT LIST", {"clients": 10_000}, 10, 100),
        ],
    )
    def test_grows_with_the_count(self, line, counts, low, high):
        guess = estimate(line, **counts)

        assert guess.blocking
        assert low <= guess.milliseconds <= high

    @pytest.mark.parametrize("line", ["UNLINK big", "FLUSHALL ASYNC", "SCRIPT FLUSH ASYNC"])
    def test_is_nothing_where_memory_is_freed_behind(self, line):
        guess = estimate(line, keys=10**7, elements=10**7, scripts=1000)

        assert guess.milliseconds == 0
        assert not guess.blocking

    def test_reads_the_time_that_the_command_names(self):
        assert estimate("DEBUG SLEEP 2.5").milliseconds == 2500
        assert estimate("redis-cli CLIENT PAUSE 800").milliseconds == 800

    def test_does_not_block_where_it_scans(self):
        guess = estimate("redis-cli --bigkeys", keys=1_000_000)

        assert not guess.blocking
        assert guess.milliseconds > 1000

    def test_says_what_it_would_need_to_know(self):
        guess = estimate("redis-cli KEYS '*'")

        assert guess.milliseconds is None
        assert guess.needs == "keys"

    @pytest.mark.parametrize("line", ["redis-cli PING", "df -h", "SHUTDOWN NOSAVE", "nonsense", "redis-cli SET k 'v"])
    def test_is_none_for_what_takes_no_time_worth_a_word(self, line):
        assert estimate(line, keys=10**9) is None

    def test_shows_its_reckoning_in_both_languages(self):
        basis = estimate("KEYS *", keys=1_200_000).basis

        assert "1,200,000" in basis.ko
        assert "1,200,000 keys" in basis.en
