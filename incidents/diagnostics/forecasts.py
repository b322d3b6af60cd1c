"""If you wait: minutes until a limit is reached, at the pace between two samples of one process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from incidents.diagnostics.dossier import Dossier, Node
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.snapshot import Growth
from incidents.diagnostics.text import Text

LEAST_SECONDS = 5.0
MOST_MINUTES = 14 * 24 * 60  # further away than two weeks is no forecast but a guess

_BASIS = Text(
    ko="{field} {before} → {after} ({seconds:secs} 동안, 분당 {pace}). 한도 {limit}까지 약 {minutes:mins}",
    en="{field} {before} → {after} in {seconds:secs} ({pace} a minute); about {minutes:mins} to {limit}",
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`minutes` from the later sample until `limit` is reached, if nothing changes."""

    limit: str  # maxmemory, maxclients, repl-backlog
    minutes: float
    basis: Text
    node: str
    before: float
    after: float
    ceiling: float
    seconds: float
    exact_minutes: float  # `minutes` before it was rounded for people


def forecast(dossier: Dossier) -> list[Forecast]:
    """Every limit that is approached, the nearest first. Empty without two samples of one process."""
    found = [item for node in dossier.nodes for item in _of_node(node)]
    return sorted(found, key=lambda item: item.minutes)


def _of_node(node: Node) -> Iterator[Forecast]:
    for look in (_memory, _clients, _backlog):
        try:
            item = look(node)
        except MissingField:
            continue
        if item is not None and 0 <= item.minutes <= MOST_MINUTES:
            yield item


def _memory(node: Node) -> Forecast | None:
    latest = node.latest
    if latest is None or str(latest.value("maxmemory_policy") if latest.has("maxmemory_policy") else "").startswith(
        "all"
    ):
        return None  # a cache at its limit evicts: nothing is reached
    return _until(node, "maxmemory", "used_memory", latest.number("maxmemory"), least_share=0.002, as_bytes=True)


def _clients(node: Node) -> Forecast | None:
    latest = node.latest
    if latest is None:
        return None
    ceiling = latest.number("maxclients") if latest.has("maxclients") else float(node.settings.number("maxclients"))
    return _until(node, "maxclients", "connected_clients", ceiling, least_share=0.005)


def _backlog(node: Node) -> Forecast | None:
    """How long a replica may stay away before a partial resync is impossible: the backlog over the write rate."""
    latest = node.latest
    if latest is None or latest.number("connected_slaves") < 1 or latest.number("repl_backlog_active") != 1:
        return None
    growth = node.growth("master_repl_offset")
    ceiling = latest.number("repl_backlog_size")
    if growth.amount <= 0 or growth.seconds < LEAST_SECONDS:
        return None
    minutes = ceiling / (growth.per_second * 60)
    if minutes > 10:
        return None
    return _told(node, "repl-backlog", "master_repl_offset", growth, ceiling, minutes, as_bytes=True)


def _until(
    node: Node, limit: str, field: str, ceiling: float, *, least_share: float, as_bytes: bool = False
) -> Forecast | None:
    growth = node.growth(field)
    if ceiling <= 0 or growth.seconds < LEAST_SECONDS or growth.amount < least_share * ceiling:
        return None
    if growth.after >= ceiling:
        return None
    minutes = (ceiling - growth.after) / (growth.per_second * 60)
    return _told(node, limit, field, growth, ceiling, minutes, as_bytes=as_bytes)


def _told(
    node: Node, limit: str, field: str, growth: Growth, ceiling: float, minutes: float, *, as_bytes: bool
) -> Forecast:
    from incidents.diagnostics.text import count, size

    say = size if as_bytes else count
    basis = _BASIS.format(
        field=field, before=say(growth.before), after=say(growth.after), seconds=growth.seconds,
        pace=say(growth.per_second * 60), limit=f"{limit} {say(ceiling)}", minutes=minutes,
    )  # fmt: skip
    return Forecast(
        limit=limit, minutes=round(minutes, 1), basis=basis, node=node.name, before=growth.before, after=growth.after,
        ceiling=ceiling, seconds=growth.seconds, exact_minutes=minutes,
    )  # fmt: skip
