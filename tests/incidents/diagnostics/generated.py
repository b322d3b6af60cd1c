"""Inputs that nobody would think of: soups of markers, real texts cut and swapped, odd numbers, one thing often."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from incidents.analysis.evaluation import read_cases
from incidents.diagnostics.intake import IncidentInput, UploadedText
from tests.incidents.diagnostics.evidence import samples
from tests.incidents.diagnostics.evidence.shared_cases import CAPTURES, load, pasted

SCENARIOS = [case.intake for case in read_cases(Path(__file__).parents[3] / "fixtures" / "scenarios")]
CASES = [*SCENARIOS, *map(load, CAPTURES)]
TEXTS = [*samples.BY_KIND.values(), samples.SLOWLOG_RAW, *map(pasted, CASES)]
_NUMBER = re.compile(r"(?<=[:=])\d+(?:\.\d+)?")

# By number, so that Hypothesis names a strategy without printing two megabytes.
real_texts = st.integers(0, len(TEXTS) - 1).map(TEXTS.__getitem__)
real_cases = st.integers(0, len(CASES) - 1).map(CASES.__getitem__)
fragments = st.sampled_from(
    [
        "\n",
        " ",
        "\t",
        "\r\n",
        "1) ",
        "   2) ",
        "(integer) ",
        '"',
        "'",
        "{",
        "}",
        "[",
        "]",
        ":",
        "=",
        "=> ",
        "# Memory\n",
        "```\n",
        "127.0.0.1:6379> INFO\n",
        "=== node 1 ===\n",
        "2026-11-17 08:01:26\n",
        "id=3 addr=",
        "db0:keys=",
        "slave0:ip=",
        "\x1b[32m",
        "\x00",
        "\ufeff",
        "999999999999999999999999",
        "1795348264\n",
        "a" * 40,
        "used_memory:",
        "cmdstat_get:calls=",
        "nan",
        "-1",
        "²",
        "------ INFO OUTPUT ------\n",
        "redis-0 | ",
        "가나다 ",
        "...",
        "error",
        "count\n",
        "reason\n",
        "name\n",
        "ip\n",
        "port\n",
    ]
)
soup = st.lists(fragments | st.text(max_size=12), max_size=60).map("".join)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=8),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(max_size=12), children, max_size=5),
    max_leaves=20,
)
names = st.sampled_from(
    [
        "slowlog",
        "client_list",
        "latency_latest",
        "latency_history_x",
        "memory_stats",
        "cluster_nodes",
        "cluster_slots",
        "config",
        "cluster_shards",
        "acl_log",
        "acl_list",
        "sentinel_master",
        "df",
        "master_log",
        "replica_info_replication",
        "client_errors",
        "redis_info_earlier",
        "redis_info_at",
        "client_list_total",
        "growth",
        "exit_status",
        "docker_inspect",
        "metrics",
        "x",
    ]
)


@st.composite
def mutated(draw):
    """A real text with stretches cut out, doubled, swapped or overwritten."""
    text = draw(real_texts)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 400)))
        middle = draw(st.sampled_from(["", text[start:end] * 2, text[start:end][::-1], "\n"]) | soup)
        text = text[:start] + middle + text[end:]
    return text


odd_numbers = st.sampled_from(
    ["-1", "0", "nan", "inf", "-inf", "1e308", "1e-308", "9" * 400, "18446744073709551615", "", "²", "0x10", "1,5", "٣",
     "1_000", "0.0", "-0", "1.2.3", "99999999999999999999", "ok"]
)  # fmt: skip


@st.composite
def odd_values(draw):
    """A real text in which some numbers are what no server prints."""
    text = draw(real_texts)
    found = list(_NUMBER.finditer(text))
    if not found:
        return text
    for match in sorted(draw(st.lists(st.sampled_from(found), min_size=1, max_size=12)), key=lambda m: -m.start()):
        text = text[: match.start()] + draw(odd_numbers) + text[match.end() :]
    return text


@st.composite
def repeated(draw):
    """One small thing many times: what costs more than its length shows itself."""
    unit = draw(soup.filter(bool) | real_texts.map(lambda text: text[:400]))[:400]
    start = draw(st.integers(0, len(unit) - 1))
    unit = unit[start:] or unit
    return unit * min(draw(st.integers(2, 2_000)), 40_000 // len(unit))


noise = st.binary(max_size=400).map(lambda data: data.decode("latin-1"))
concatenated = st.lists(real_texts | mutated() | soup, min_size=2, max_size=4).map("\n\n".join)
texts = st.text(max_size=400) | noise | soup | mutated() | odd_values() | concatenated


@st.composite
def mutated_cases(draw):
    """A real incident, handed in through the form's fields, of which one or more were tampered with."""
    case = draw(real_cases)
    artifacts = dict(case.artifacts)
    for name in draw(st.lists(st.sampled_from([*artifacts, "slowlog", "client_list"]), max_size=3)):
        artifacts[name] = draw(json_like | soup | odd_values())
    for name in draw(st.lists(st.sampled_from(sorted(artifacts) or ["slowlog"]), max_size=2)):
        artifacts.pop(name, None)
    metric_names = st.sampled_from(sorted(case.metrics) or ["used_memory"])
    logs = draw(st.permutations(case.error_logs)) if draw(st.booleans()) else case.error_logs
    return replace(
        case,
        redis_info=draw(st.just(case.redis_info) | odd_values() | mutated()),
        error_logs=tuple(logs),
        metrics=draw(st.just(case.metrics) | st.dictionaries(metric_names, json_like)),
        description=draw(st.just(case.description) | soup),
        artifacts=artifacts,
    )


@st.composite
def files(draw):
    """Several nodes' files, of which one may be in two copies."""
    stems = st.sampled_from(["node-7001", "node-7002", "a/redis", "b/redis", "sentinel-1", "x"])
    endings = st.sampled_from([".log", ".info", ".conf", ".cluster-nodes", ".txt", ""])
    some = draw(st.lists(st.tuples(stems, endings, texts), min_size=1, max_size=4))
    uploads = [UploadedText(stem + ending, text) for stem, ending, text in some]
    return IncidentInput(files=(*uploads, *uploads[:1]))


artifact_bags = st.dictionaries(names | st.text(max_size=12), json_like | soup | odd_values(), max_size=6)
intakes = (
    texts.map(lambda text: IncidentInput(pasted=(text,)))
    | texts.map(lambda text: IncidentInput(description=text))
    | texts.map(lambda text: IncidentInput(redis_info=text, error_logs=tuple(text.split("\n")[:50])))
    | artifact_bags.map(lambda bag: IncidentInput(artifacts=bag))
    | repeated().map(lambda text: IncidentInput(pasted=(text,)))
    | mutated_cases()
    | files()
)
