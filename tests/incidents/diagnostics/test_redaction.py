"""Masking as a whole: nothing leaks, everything comes back, and a diagnosis is still possible."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.diagnostics.redaction import ALL, Kind, Redactor, RestoringStream, restore, restore_data
from incidents.diagnostics.redaction.spans import Span, settle
from tests.incidents.diagnostics.seeded_incidents import seeded_incidents


def masked(text, **options):
    return Redactor(**options).redact(text).text


class TestSeededIncidents:
    def test_leak_nothing(self):
        leaks = []
        secrets = 0

        for incident in seeded_incidents(200):
            sent = masked(incident.text)
            secrets += len(incident.secrets)
            leaks += [(incident.seed, secret) for secret in incident.secrets if secret in sent]

        assert leaks == []
        assert secrets > 5_000

    def test_leak_nothing_part_by_part(self):
        for incident in seeded_incidents(40, seed=7):
            sent = Redactor().redact_all(dict(enumerate(incident.parts)))

            together = "\n".join(part.text for part in sent.values())
            assert [secret for secret in incident.secrets if secret in together] == []

    def test_come_back_exactly(self):
        for incident in seeded_incidents(40, seed=77):
            sent = Redactor().redact(incident.text)

            assert restore(sent.text, sent.mapping) == incident.text

    def test_keep_what_a_diagnosis_needs(self):
        for incident in seeded_incidents(40, seed=777):
            sent = masked(incident.text)

            for word in (
                "redis_version:7.2.4",
                "requirepass",
                "tot-mem=22272",
                "switch-master mymaster",
                ":6379",
                "OOM",
            ):
                assert (word in incident.text) == (word in sent), word


class TestWhatPeoplePaste:
    @pytest.mark.parametrize(
        ("text", "secrets"),
        [
            ('command: ["redis-server", "--requirepass", "Zx9-pw"]', ["Zx9-pw"]),
            ("      - REDIS_PASSWORD=hunter2!", ["hunter2!"]),
            ("data:\n  redis-password: aHVudGVyMg==", ["aHVudGVyMg=="]),
            ('Redis(host="cache-a1", port=6379, password="pw,with)odd\'ones")', ["cache-a1", "pw,with)odd'ones"]),
            ("my-cache.redis.cache.windows.net:6380,password=abc123=,ssl=True", ["my-cache", "abc123="]),
            ("RedisURI [host='orders-redis', port=6379, password='****']", ["orders-redis"]),
            ("[ioredis] Unhandled error event: Error: connect ECONNREFUSED 10.1.2.3:6379", ["10.1.2.3"]),
            ("jdbc:mysql://svc:Pa55@db-3.corp/orders", ["svc", "Pa55", "db-3.corp"]),
            ("redis-cli -u redis://app:p%40ss@redis-7:6379 ping", ["p%40ss", "redis-7"]),
            (r'{"conf": "port 6379\nrequirepass\nZq77-pw\nmasterauth\nYw88-pw\n"}', ["Zq77-pw", "Yw88-pw"]),
            (r'"log": "1:M * x\n2:S * Connecting to MASTER sessions-a:6379\n"', ["sessions-a"]),
            ('{"args":["SET","session:77aa88bb99","{\\"card\\":1}"]}', ["77aa88bb99", "card"]),
            ("HELLO 3 AUTH jisoo s3cr3t SETNAME x", ["jisoo", "s3cr3t"]),
            ("argv[0]: '\"set\"'\nargv[1]: '\"user:99887766\"'\nargv[2]: '\"홍길동\"'", ["99887766", "홍길동"]),
            (
                "backlog is: '\"*3\\r\\n$3\\r\\nSET\\r\\n$10\\r\\nuser:55667\\r\\n$6\\r\\nsecret\\r\\n\"'",
                ["55667", "nsecret"],
            ),
            (
                '10.0.0.9:6379> HGETALL user:4455667\n1) "name"\n2) "김철수"\n3) "tel"\n4) "010-2222-3333"',
                ["10.0.0.9", "4455667", "김철수", "010-2222-3333"],
            ),
            ('> LRANGE queue:mail 0 1\n1) "first mail"\n2) "second mail"', ["first mail", "second mail"]),
            ('$ redis-cli GET promo\n"WELCOME-9913"\n', ["WELCOME-9913"]),
            ('127.0.0.1:6379> KEYS user:*\n1) "user:81273918"', ["81273918"]),
            ("Cookie: sid=abc; remember=xyz", ["sid=abc", "xyz"]),
            ("slave0:ip=fe80::aa:1,port=6379", ["fe80::aa:1"]),
            ("비밀번호: qwer!234 / 계정: minsu", ["qwer!234", "minsu"]),
            ("레디스 접속 비번은 'redis#2024' 이고 서버는 cache-7 입니다", ["redis#2024", "cache-7"]),
            ("user minsu on ~* +@all >pa55word &*", ["minsu", "pa55word"]),
            ("username\nminsu\nage-seconds\n0.039", ["minsu"]),
            ('password: "cut off in the mid', ["cut off in the mid"]),
            ('MIGRATE cache-9 6379 "" 0 5000 AUTH2 svc topsecret1 KEYS a', ["cache-9", "svc", "topsecret1"]),
            ("sentinel sentinel-pass Qw3rty!", ["Qw3rty!"]),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.", ["eyJzdWIiOiIxIn0"]),
        ],
    )
    def test_loses_its_secrets(self, text, secrets):
        sent = Redactor().redact(text)

        assert [secret for secret in secrets if secret in sent.text] == []
        assert restore(sent.text, sent.mapping) == text

    @pytest.mark.parametrize(
        "text",
        [
            "used_memory:1073741824\nused_memory_human:1.00G\nmaxmemory_policy:noeviction\nmem_fragmentation_ratio:1.52",
            "slave_repl_offset:4111111111111111\nserver_time_usec:4012888888881881",
            "1:M 22 Nov 2026 11:52:44.636 # Short write while writing to the AOF file: (nwritten=1024, expected=4096)",
            "1:S 22 Nov 2026 11:52:44 * Full resync from master: a0c240b35cb6dabc7fdac12e5fbe527f0348f829:144041622",
            "Can't save in background: fork: Cannot allocate memory",
            "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            "cmdstat_get:calls=223,usec=1185,usec_per_call=5.31\nerrorstat_WRONGPASS:count=177",
            "db0:keys=19504,expires=1000,avg_ttl=7199944\nlatency_percentiles_usec_get:p50=3.007,p99=29.055",
            "client-output-buffer-limit replica 268435456 67108864 60\nsave 900 1\ndir /var/lib/redis/data",
            "config_file:/etc/redis/redis.conf\nexecutable:/usr/bin/redis-server\ngcc_version:12.2.0",
            "os:Linux 6.1.0-18-amd64 x86_64\nmem_allocator:jemalloc-5.3.0\nredis_build_id:ae4d7c971a948f0",
            "CONFIG SET maxmemory 4gb\nMEMORY DOCTOR\nCLIENT KILL TYPE normal\nDEBUG SLEEP 0",
            '127.0.0.1:6379> CONFIG GET maxmemory\n1) "maxmemory"\n2) "0"',
            "slots:[0-5460] (5461 slots) master\ncluster_state:ok\ncluster_slots_assigned:16384",
            "redis.clients.jedis.exceptions.JedisConnectionException: java.net.SocketTimeoutException: Read timed out",
            "레디스 메모리가 95% 이고 maxmemory-policy 는 noeviction 입니다. 10분 전부터 쓰기가 실패합니다.",
            "The master lost its replica at 03:00, then failover took 12 seconds; see https://redis.io/docs/sentinel",
            "2026-11-22T11:52:44.123+09:00 took 1234567 usec, 10.5 MB, 7.0.15 → 7.2.4, 99.9%",
            "user=default cmd=auth name= flags=N fd=8 qbuf-free=20474",
        ],
    )
    def test_keeps_what_is_no_secret(self, text):
        assert masked(text) == text


class TestPlaceholders:
    def test_are_the_same_for_the_same_value_in_all_texts_of_an_incident(self):
        redactor = Redactor()

        first = redactor.redact("10.0.0.1 and 10.0.0.2")
        second = redactor.redact("10.0.0.2:6379 lost 10.0.0.1:6379")

        assert first.text == "<IP_1> and <IP_2>"
        assert second.text == "<IP_2>:6379 lost <IP_1>:6379"

    def test_say_nothing_about_the_value(self):
        assert (
            masked("requirepass a1\nmasterauth abcdefghijklmnop9")
            == "requirepass <PASSWORD_1>\nmasterauth <PASSWORD_2>"
        )

    def test_are_counted_by_kind(self):
        counts = Redactor().redact("10.0.0.1 10.0.0.1 10.0.0.2 a@b.kr").counts

        assert counts == {Kind.IP: 3, Kind.EMAIL: 1}

    def test_survive_a_second_masking(self):
        redactor = Redactor()
        once = redactor.redact("password=<b> AUTH s3cret! from 10.0.0.1")

        assert redactor.redact(once.text).text == once.text

    def test_that_already_stand_in_a_text_are_never_given_a_meaning(self):
        text = "<IP_1> wrote <PASSWORD_1> to 10.0.0.1, requirepass hunter2"

        sent = Redactor().redact(text)

        assert sent.text == "<IP_1> wrote <PASSWORD_1> to <IP_2>, requirepass <PASSWORD_2>"
        assert restore(sent.text, sent.mapping) == text

    def test_do_not_shield_a_secret_that_is_wrapped_around_one(self):
        sent = Redactor().redact("requirepass abc<IP_1>def9")

        assert "abc" not in sent.text
        assert "def9" not in sent.text
        assert restore(sent.text, sent.mapping) == "requirepass abc<IP_1>def9"

    def test_that_only_look_like_one_are_no_shield(self):
        assert "4111111111111111" not in masked("<IP_4111111111111111>")

    def test_of_an_earlier_day_keep_their_meaning(self):
        before = Redactor().redact("10.0.0.1 requirepass Swordfish9")

        later = Redactor(known=before.mapping).redact("10.0.0.2, then 10.0.0.1 said Swordfish9 again")

        assert later.text == "<IP_2>, then <IP_1> said <PASSWORD_1> again"


class TestTextsTogether:
    def test_give_each_other_away(self):
        sent = Redactor().redact_all({"log": "client said Swordfish9 twice", "conf": "requirepass Swordfish9"})

        assert sent["log"].text == "client said <PASSWORD_1> twice"

    def test_do_not_lose_ordinary_words(self):
        text = "user=app requirepass redis\nThe app talks to redis as app."

        assert masked(text) == "user=<USER_1> requirepass redis\nThe app talks to redis as app."


class TestSwitches:
    TEXT = "requirepass hunter2 from 10.0.0.1 by a@b.kr user=jisoo"

    def test_leave_a_kind_alone(self):
        assert "10.0.0.1" in masked(self.TEXT, classes=ALL - {Kind.IP})
        assert "hunter2" not in masked(self.TEXT, classes=ALL - {Kind.IP})

    def test_can_turn_everything_off(self):
        assert masked(self.TEXT, classes=()) == self.TEXT

    @pytest.mark.parametrize("kind", Kind)
    def test_work_for_each_kind_alone(self, kind):
        incident = next(seeded_incidents(1, seed=5))

        counts = Redactor(classes={kind}).redact(incident.text).counts

        assert set(counts) <= {kind}


class TestOverlaps:
    def test_are_covered_entirely(self):
        text = "abcdefghij"
        spans = [Span(0, 5, Kind.HOST), Span(3, 8, Kind.PASSWORD), Span(7, 10, Kind.USER)]

        settled = settle(spans, [(4, 5)], text)

        assert [(span.start, span.end) for span in settled] == [(0, 3), (3, 4), (5, 8), (8, 10)]
        assert [span.kind for span in settled] == [Kind.HOST, Kind.PASSWORD, Kind.PASSWORD, Kind.USER]


class TestParsedAnswers:
    def test_are_restored_string_by_string(self):
        mapping = {"<PASSWORD_1>": 'with "quotes"', "<IP_1>": "10.0.0.1"}

        restored = restore_data({"steps": ["AUTH <PASSWORD_1>", {"<IP_1>": 3}], "n": None}, mapping)

        assert restored == {"steps": ['AUTH with "quotes"', {"10.0.0.1": 3}], "n": None}


class TestAnAnswerInPieces:
    @pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 50])
    def test_is_restored_as_it_comes(self, size):
        stream = RestoringStream({"<IP_1>": "10.0.0.1", "<IP_12>": "10.0.0.12"})
        answer = "a < b, <IP_1> and <IP_12>; <IP_3> <IP_1"

        shown = [stream.feed(answer[place : place + size]) for place in range(0, len(answer), size)]

        assert "".join([*shown, stream.close()]) == "a < b, 10.0.0.1 and 10.0.0.12; <IP_3> <IP_1"

    def test_holds_back_no_more_than_it_must(self):
        stream = RestoringStream({"<IP_1>": "10.0.0.1"})

        assert [stream.feed(piece) for piece in ("at ", "<", "IP", "_1", ">", " ok")] == [
            "at ",
            "",
            "",
            "",
            "10.0.0.1",
            " ok",
        ]


# Strings made of the pieces that matter, so that random texts are not all harmless.
PIECES = st.sampled_from(
    [
        *("requirepass ", "password=", "AUTH ", "user=", "비밀번호는 ", "redis://", "u:p@", "user x on >pw", "홍길동"),
        *(
            "10.0.0.1",
            "::1",
            "fe80::1",
            "a@b.kr",
            "cache01.corp",
            "4111111111111111",
            "900101-1234567",
            "010-1234-5678",
        ),
        *("<IP_1>", "<PASSWORD_1>", "<IP_", "_1>", ">", '"', "'", "\\", "\n", " ", ":", "é", "\u2028", "İ"),
        *("SET a:1 ", '"SET" "k" "v"', "1) ", "> GET a\n", "eyJhbGciOi.eyJhbGciOi.", "Zk39sPq81LmTv07RbYw2"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=14).map("".join)
PASSWORDS = st.text(
    alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"], exclude_characters="\"'\\<$"),
    min_size=8,
    max_size=30,
).filter(lambda text: re.search(r"[A-Za-z].*[0-9]|[0-9].*[A-Za-z]", text))


class TestAnyText:
    @settings(max_examples=300, deadline=None)
    @given(TEXTS)
    def test_comes_back_exactly(self, text):
        sent = Redactor().redact(text)

        assert restore(sent.text, sent.mapping) == text

    @settings(max_examples=300, deadline=None)
    @given(TEXTS)
    def test_is_masked_once_and_for_all(self, text):
        redactor = Redactor()
        once = redactor.redact(text).text

        assert redactor.redact(once).text == once

    @settings(max_examples=150, deadline=None)
    @given(
        st.text(
            alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"], exclude_characters="\"'\\"),
            min_size=8,
            max_size=30,
        ),
        TEXTS,
    )
    def test_with_a_named_password_does_not_show_it(self, password, around):
        sent = masked(f"{around}\nrequirepass {password}\n{around}")

        assert f"requirepass {password}\n" not in sent


@pytest.mark.parametrize("word", ["server", "redis-server", "receiver", "driver", "over"])
def test_an_address_after_a_word_that_ends_like_version_is_masked(word):
    assert masked(f"The {word} 10.20.30.40 refuses writes.") == f"The {word} <IP_1> refuses writes."
