"""The server a command is meant for."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.diagnostics.commands.versions import Version, at_least, say_version

PRODUCTS = ("redis", "valkey")
TOPOLOGIES = ("", "standalone", "replication", "sentinel", "cluster")
MANAGED = ("elasticache", "memorydb", "azure", "redis-cloud", "redis-enterprise", "gcp-memorystore")
PRODUCT_NAMES = {"redis": "Redis", "valkey": "Valkey"}


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the server. An unknown version means that only things missing everywhere are refused."""

    product: str = "redis"
    version: Version | None = None
    topology: str = ""
    managed: str | None = None
    refused: frozenset[str] = frozenset()  # commands the server was seen to refuse: "CONFIG", "CLIENT NO-EVICT"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("product", self.product, PRODUCTS),
            ("topology", self.topology, TOPOLOGIES),
            ("managed", self.managed, (None, *MANAGED)),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}, expected one of {allowed}")

    def at_least(self, *bound: int) -> bool:
        """Say whether the version is known and not below the bound."""
        return self.version is not None and at_least(self.version, bound)

    def refuses(self, command: str) -> bool:
        """Say whether the server was seen to refuse a command, given by its full name such as CONFIG SET."""
        return command in self.refused or command.split()[0] in self.refused

    @property
    def name(self) -> str:
        """Name the server as the operator does: "Redis 6.2.16", or "Redis" when the version is unknown."""
        product = PRODUCT_NAMES[self.product]
        return f"{product} {say_version(self.version)}" if self.version else product


ANY = Target()
