"""Numbers of a statement against those of its sources."""

from __future__ import annotations

import pytest

from incidents.analysis.chat.numbers import unsupported


class NumberTests:
    @pytest.mark.parametrize(
        ("text", "source"),
        [
            ("5,312 commands", "errorstat_OOM:count=5312"),
            ("1024 MB are used", "used_memory:1073741824"),
            ("1.0 GB of memory", "used_memory:1073741000"),
            ("사용률은 97%입니다", "share 0.97"),
            ("97 % of it", "used 96.8 %"),
            ("took 1.2 s", "1200 ms"),
            ("210초 동안", "3.5 minutes"),
            ("at 09:12:11 it began", "15 Nov 2026 09:12:11.637"),
            ("Redis 7.2.4", "redis_version:7.2.4"),
            ("on port 6380", "addr=10.0.0.12:6380"),
            ("1 replica of 2", "nothing at all"),
            ("약 9만 개의 키", "keys=90000"),
            ("node-7001 failed", ""),
            ("F12 says so", ""),
        ],
    )
    def test_stand_in_another_spelling(self, text, source):
        assert unsupported(text, [source]) == []

    @pytest.mark.parametrize(
        ("text", "source"),
        [
            ("5,313 commands", "errorstat_OOM:count=5312"),
            ("98 %", "used 96.8 %"),
            ("2 GB used of 7 GB", "used_memory:2147483648"),
            ("at 09:12:12", "15 Nov 2026 09:12:11.637"),
            ("Redis 7.2.5", "redis_version:7.2.4"),
            ("17 replicas", "connected_slaves:3"),
        ],
    )
    def test_are_told_when_no_source_has_them(self, text, source):
        assert len(unsupported(text, [source])) == 1
