"""Named values of one sample. An absent field raises, because absent is unknown and never healthy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from types import MappingProxyType

# "860.61K", "2.5G", "12.5%", "1,024", "0B", "64mb": what INFO, dashboards and people print.
_NUMBER = re.compile(r"^([+-]?\d[\d,]{0,30}(?:\.\d{0,30})?(?:e[+-]?\d{1,3})?)\s?(?:([kmgtp])i?)?b?%?$", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}

# Names that drifted between versions and products; asked for under the first, found under the second.
ALIASES = MappingProxyType(
    {
        "redis_mode": ("server_mode",),
        "connected_slaves": ("connected_replicas",),
        "slave_repl_offset": ("replica_repl_offset",),
        "slave_read_only": ("replica_read_only",),
        "mem_clients_slaves": ("mem_clients_replicas",),
        "aof_last_bgrewrite_status": ("last_bgrewrite_status",),
        "rdb_last_bgsave_status": ("last_bgsave_status",),
        "min_slaves_good_slaves": ("min_replicas_good_replicas",),
        "mem_replication_backlog": ("repl_backlog_mem",),
    }
)


class MissingField(LookupError):
    """The evidence does not hold this field, or not as a number."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def read_number(text: str) -> float | None:
    """Read a number as INFO, a dashboard or a person writes it; human units are powers of 1024."""
    match = _NUMBER.match(text.strip()) if len(text) <= 64 else None
    if match is None:
        return None
    digits, unit = match.groups()
    try:
        value = float(digits.replace(",", ""))
    except ValueError:
        return None
    value *= _UNITS[(unit or "").lower()]
    return value if isfinite(value) else None


class InfoFields(Mapping[str, str]):
    """The fields of one INFO sample in Redis' own words, with the line each stood on."""

    __slots__ = ("_lines", "_values")

    def __init__(self, values: Mapping[str, str] | None = None, lines: Mapping[str, int] | None = None) -> None:
        self._values = dict(values or {})
        self._lines = dict(lines or {})

    def __getitem__(self, name: str) -> str:
        return self._values[self._spelling(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"InfoFields({len(self)} fields)"

    def text(self, name: str) -> str:
        """Return the field as printed. Raise MissingField when the sample lacks it."""
        try:
            return self[name]
        except KeyError:
            raise MissingField(name) from None

    def number(self, name: str) -> float:
        """Return the field as a number, from its `_human` twin if that is all there is. Raise MissingField."""
        for candidate in (name, f"{name}_human"):
            value = read_number(self[candidate]) if candidate in self else None
            if value is not None:
                return value
        raise MissingField(name)

    def integer(self, name: str) -> int:
        """Return the field as a whole number. Raise MissingField."""
        try:
            return int(self.text(name))  # exact: a float would round 64-bit offsets
        except (ValueError, MissingField):
            return int(self.number(name))

    def flag(self, name: str) -> bool:
        """Return whether a 0/1 or yes/no field is set. Raise MissingField."""
        value = self.text(name).strip().lower()
        if value in {"yes", "true", "on"}:
            return True
        if value in {"no", "false", "off"}:
            return False
        return self.integer(name) != 0

    def line_of(self, name: str) -> int | None:
        """Return the 1-based line within the piece, or None for values that came without lines."""
        return self._lines.get(self._spelling(name))

    def quote(self, name: str) -> str:
        """Return the field as INFO prints it, for use as evidence. Raise MissingField."""
        return f"{self._spelling(name)}:{self.text(name)}"

    def starting_with(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield (rest of the name, value) of every field that starts with the prefix."""
        for name, value in self._values.items():
            if name.startswith(prefix):
                yield name[len(prefix) :], value

    def _spelling(self, name: str) -> str:
        if name in self._values:
            return name
        return next((other for other in ALIASES.get(name, ()) if other in self._values), name)
