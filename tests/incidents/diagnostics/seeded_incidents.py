"""Incidents made up by a seeded generator, full of secrets that are known: for proving that none gets out.

for incident in seeded_incidents(200):
    incident.text       # logs, INFO, SLOWLOG, configuration, prose in both languages
    incident.secrets    # what must not be found in anything that leaves the machine
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

APPS = ["payments", "checkout", "catalog", "billing", "ranking", "profile", "coupon", "delivery"]
PEOPLE = ["jisoo", "minho", "gildong", "seoyeon", "alice", "mallory", "dkim", "youngsoo"]
BASE64 = string.ascii_letters + string.digits + "+/"
KOREAN = ["홍길동", "김서연", "박지훈", "이민호"]


@dataclass
class Incident:
    """One made-up incident. Its parts are texts as an operator would paste them."""

    seed: int
    parts: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        return "\n".join(self.parts)


class Maker:
    """Makes secrets and notes them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.incident = Incident(seed)

    def note(self, secret: str) -> str:
        self.incident.secrets.add(secret)
        return secret

    def letters(self, alphabet: str, count: int) -> str:
        return "".join(self.random.choices(alphabet, k=count))

    def password(self) -> str:
        kind = self.random.randrange(4)
        if kind == 0:
            return self.note(self.letters(string.ascii_letters + string.digits + "!@#$%^&*+-_", 14) + "9x")
        if kind == 1:
            return self.note(self.random.choice(APPS) + "-" + self.letters(string.digits, 5))
        if kind == 2:
            return self.note(self.letters(string.ascii_lowercase, 10))
        return self.note(self.letters(string.hexdigits.lower(), 24) + "z")

    def ip(self) -> str:
        first = self.random.choice(["10", "172.16", "192.168", "52.78", "211.34"])
        rest = 4 - len(first.split("."))
        return self.note(".".join([first, *(str(self.random.randrange(2, 254)) for _ in range(rest))]))

    def ipv6(self) -> str:
        return self.note("2001:db8:" + ":".join(f"{self.random.randrange(4096, 65536):x}" for _ in range(6)))

    def host(self) -> str:
        app, number = self.random.choice(APPS), self.random.randrange(1, 90)
        shapes = [
            f"{app}-redis-{number:02d}",
            f"cache{number:02d}.{app}.corp",
            f"redis-{app}-{number}.redis-{app}.prod.svc.cluster.local",
            f"{app}-{number:03d}.ab12cd.0001.apn2.cache.amazonaws.com",
            f"{app}{number}.example.co.kr",
        ]
        return self.note(self.random.choice(shapes))

    def user(self) -> str:
        return self.note(f"{self.random.choice(PEOPLE)}{self.random.choice(['', '_rw', '-svc', '7'])}")

    def email(self) -> str:
        name = f"{self.random.choice(PEOPLE)}.{self.letters(string.ascii_lowercase, 4)}"
        return self.note(f"{name}@{self.random.choice(APPS)}.co.kr")

    def card(self) -> str:
        digits = [4, *(self.random.randrange(10) for _ in range(14))]
        doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::-2]]
        check = -(sum(doubled) + sum(digits[-2::-2])) % 10
        number = "".join(map(str, [*digits, check]))
        return self.note(self.random.choice([number, " ".join(number[i : i + 4] for i in range(0, 16, 4))]))

    def rrn(self) -> str:
        born = f"{self.random.randrange(60, 99)}{self.random.randrange(1, 13):02d}{self.random.randrange(1, 29):02d}"
        return self.note(f"{born}-{self.random.randrange(1, 5)}{self.letters(string.digits, 6)}")

    def phone(self) -> str:
        return self.note(f"010-{self.letters(string.digits, 4)}-{self.letters(string.digits, 4)}")

    def token(self) -> str:
        def part(data: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

        number = self.letters(string.digits, 8)
        kinds: list[Callable[[], str]] = [
            lambda: f"{part({'alg': 'HS256'})}.{part({'sub': number})}.{self.letters(string.ascii_letters, 22)}",
            lambda: "AKIA" + self.letters(string.ascii_uppercase + string.digits, 16),
            lambda: "ghp_" + self.letters(string.ascii_letters + string.digits, 36),
            lambda: "sk-proj-" + self.letters(string.ascii_letters + string.digits, 32),
            lambda: "xoxb-" + self.letters(string.digits, 11) + "-" + self.letters(string.ascii_letters, 20),
        ]
        return self.note(self.random.choice(kinds)())

    def random_string(self) -> str:
        return self.note(self.letters(string.ascii_letters + string.digits, 32) + "4aZ")

    def key(self) -> str:
        """A key name whose last part tells whose it is."""
        ids = [self.letters(string.digits, 7), self.letters(string.hexdigits.lower(), 16) + "9f"]
        who = self.note(self.random.choice(ids))
        what, where = self.random.choice(["session", "user", "cart", "order"]), self.random.choice(["prod", "web"])
        return f"{what}:{where}:{who}"

    def value(self) -> str:
        kinds = [
            lambda: self.random.choice(KOREAN) + self.letters(string.digits, 3),
            lambda: self.letters(string.ascii_letters, 12) + "77",
            lambda: f"name={self.random.choice(PEOPLE)};balance={self.letters(string.digits, 6)}",
        ]
        return self.note(self.random.choice(kinds)())


# --- Parts -------------------------------------------------------------------------------------------------------


def redis_conf(make: Maker) -> str:
    password, digest = make.password(), make.note(make.letters("0123456789abcdef", 64))
    return "\n".join(
        [
            f"bind 127.0.0.1 {make.ip()}",
            "port 6379",
            make.random.choice([f"requirepass {password}", f'requirepass "{password}"']),
            f"masterauth {password}",
            f"masteruser {make.user()}",
            f"replicaof {make.host()} 6379",
            f"user {make.user()} on >{make.password()} #{digest} ~app:* +@read",
            "maxmemory 4gb",
        ]
    )


def environment(make: Maker) -> str:
    name = make.random.choice(["REDIS_PASSWORD", "SPRING_REDIS_PASSWORD", "REDISCLI_AUTH", "CACHE_PASSWORD"])
    in_url = make.note(make.letters(string.ascii_letters, 9) + "3")
    lines = [
        f"{name}={make.password()}",
        f"export REDIS_URL=redis://{make.user()}:{in_url}@{make.host()}:6379/0",
        f"AWS_SECRET_ACCESS_KEY={make.note(make.letters(BASE64, 40))}",
        f"REDIS_HOST={make.host()}",
        f"API_TOKEN: {make.random_string()}",
    ]
    return "\n".join(lines)


def yaml_and_json(make: Maker) -> str:
    settings = {"redis": {"host": make.host(), "port": 6379, "password": make.password(), "username": make.user()}}
    return f"spring.redis.password: {make.password()}\n{json.dumps(settings)}\n{json.dumps(json.dumps(settings))}"


def terminal(make: Maker) -> str:
    host = make.host()
    return "\n".join(
        [
            f"{make.user()}@{host}:~$ redis-cli -h {host} -a {make.password()} info",
            f"{make.ip()}:6379> AUTH {make.user()} {make.password()}",
            "OK",
            f"127.0.0.1:6379> SET {make.key()} {json.dumps(make.value(), ensure_ascii=False)}",
            f'127.0.0.1:6379> hset {make.key()} name "{make.value()}" email {make.email()}',
            "127.0.0.1:6379> CONFIG GET requirepass",
            '1) "requirepass"',
            f'2) "{make.password()}"',
        ]
    )


def slowlog(make: Maker) -> str:
    client = f"{make.ip()}:51234"
    numbered = [
        "1) 1) (integer) 14",
        "   2) (integer) 1795348264",
        "   3) (integer) 21181",
        '   4) 1) "SETEX"',
        f'      2) "{make.key()}"',
        '      3) "60"',
        f'      4) "{make.value()}"',
        f'   5) "{client}"',
        '   6) ""',
    ]
    bare = ["13", "1795348263", "52011", "HSET", make.key(), "phone", make.phone(), client, "api"]
    return "\n".join([*numbered, *bare])


def monitor(make: Maker) -> str:
    lines = [
        f'1795348264.107412 [0 {make.ip()}:60866] "set" "{make.key()}" "{make.value()}" "EX" "60"',
        f'1795348264.107500 [0 {make.ip()}:60866] "AUTH" "{make.user()}" "{make.password()}"',
        f'1795348264.107600 [0 127.0.0.1:60866] "lpush" "queue:mail" "{make.email()}"',
        f'1795348264.107700 [0 127.0.0.1:60866] "ACL" "SETUSER" "{make.user()}" "on" ">{make.password()}" "~*"',
        f'1795348264.107800 [0 127.0.0.1:60866] "config" "set" "requirepass" "{make.password()}"',
        f'1795348264.107900 [0 127.0.0.1:60866] "publish" "orders" "{make.card()}"',
    ]
    return "\n".join(lines)


def client_list(make: Maker) -> str:
    return "\n".join(
        f"id={n} addr={make.ip()}:{40000 + n} laddr={make.ip()}:6379 fd=8 name= age=9 idle=0 flags=N db=0 sub=0 "
        f"qbuf=26 omem=0 tot-mem=22272 events=r cmd=get user={make.user()} redir=-1 resp=2"
        for n in range(3)
    )


def info(make: Maker) -> str:
    return "\n".join(
        [
            "# Server",
            "redis_version:7.2.4",
            f"run_id:{make.letters('0123456789abcdef', 40)}",
            "used_memory:4111111111111111",
            "# Replication",
            "role:slave",
            f"master_host:{make.random.choice([make.host, make.ip])()}",
            "master_port:6379",
            f"slave0:ip={make.ip()},port=6379,state=online,offset=12345,lag=0",
        ]
    )


def server_log(make: Maker) -> str:
    host, when = make.host(), "22 Nov 2026 11:50:15.644"
    return "\n".join(
        [
            f"15133:S {when} * Connecting to MASTER {host}:6379",
            f"15133:S {when} # Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair.",
            f"15133:M {when} - Accepted {make.ip()}:59940",
            f"15133:M {when} - Accepted [{make.ipv6()}]:59940",
            f"20348:X {when} # +switch-master mymaster {make.ip()} 6379 {make.host()} 6379",
            f"Nov 22 11:50:15 {make.host()} redis-server[15133]: Ready to accept connections",
            f"15133:M {when} # RDB has duplicated key '{make.key()}' in DB 0",
            f"NOPERM User {make.user()} has no permissions to run the 'get' command",
        ]
    )


def application_log(make: Maker) -> str:
    return "\n".join(
        [
            f"ERROR redis.exceptions.ConnectionError: Error 111 connecting to {make.host()}:6379. Connection refused.",
            f"java.net.UnknownHostException: {make.host()}",
            f"Authorization: Bearer {make.token()}",
            f"payload token {make.token()} rejected for {make.email()}, card {make.card()}",
            f"GET https://{make.host()}/v1/session?token={make.random_string()}&page=2",
            f"dial tcp: lookup {make.host()} on {make.ip()}:53: no such host",
        ]
    )


def prose(make: Maker) -> str:
    return "\n".join(
        [
            f"결제 서버 {make.host()} 에서 OOM 이 났습니다. 담당자 {make.email()}, {make.phone()}.",
            f"비밀번호는 {make.password()} 입니다. 주민번호 {make.rrn()} 인 고객이 신고했습니다.",
            f"The password is {make.password()} and the card {make.card()} was charged twice from {make.ip()}.",
            f"We ran AUTH {make.password()} by hand and it worked.",
            f"계정 {make.user()} 로 접속하면 NOAUTH 가 납니다.",
        ]
    )


def private_key(make: Maker) -> str:
    lines = [make.note(make.letters(BASE64, 64)) for _ in range(3)]
    return "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])


PARTS = [redis_conf, environment, yaml_and_json, terminal, slowlog, monitor, client_list, info, server_log,
         application_log, prose, private_key]  # fmt: skip


def seeded_incidents(count: int, *, seed: int = 20261123) -> Iterator[Incident]:
    """Yield incidents; the same ones for the same seed."""
    for number in range(count):
        make = Maker(seed + number)
        chosen = make.random.sample(PARTS, k=make.random.randrange(3, len(PARTS) + 1))
        for part in chosen:
            make.incident.parts.append(part(make))
        if make.random.random() < 0.5:  # secrets come up again where nothing says what they are
            again = make.random.sample(sorted(make.incident.secrets), k=2)
            make.incident.parts.append(f"Seen again: {again[0]} and ({again[1]}), please check.")
        yield make.incident
