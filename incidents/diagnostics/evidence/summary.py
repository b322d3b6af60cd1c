"""What the form shows and fills in from recognised pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece, Prefill, Recognised
from incidents.diagnostics.evidence.times import find_time
from incidents.diagnostics.parsers.info import Info
from incidents.diagnostics.parsers.server_log import parse_log

_K = EvidenceKind
_LOG_VERSION = re.compile(r"\b(Redis|Valkey) version=(\d{1,3}\.\d{1,3}\.\d{1,3})")
_PROSE_VERSION = re.compile(
    r"\b(redis|valkey|레디스)(?:\s?(?:server|version|버전|v=|:))?\s?[v=]?(\d{1,2}\.\d{1,2}(?:\.\d{1,3})?)(?![\d.])",
    re.I,
)
_LOG_MODE = re.compile(r"Running mode=(\w{1,20})")


def describe(pieces: Sequence[Piece]) -> tuple[Recognised, ...]:
    """List what was recognised, in the order of the paste."""
    return tuple(
        Recognised(
            piece.kind,
            piece.kind.label,
            piece.line_count,
            piece.node,
            "" if piece.name == piece.kind.source_name else piece.name,
        )
        for piece in pieces
    )


def prefill(pieces: Sequence[Piece]) -> Prefill:
    """Fill in what the evidence says about version, product, deployment and time."""
    samples = [piece for piece in pieces if piece.kind in (_K.INFO, _K.METRICS) and isinstance(piece.data, Info)]
    version, product = _version(samples, pieces)
    return Prefill(version, product, _deployment(samples, pieces), _timestamp(samples, pieces))


def _version(samples: Sequence[Piece], pieces: Sequence[Piece]) -> tuple[str, str]:
    for piece in samples:
        fields = piece.data.fields
        if valkey := fields.get("valkey_version"):
            return valkey, "valkey"
        if version := fields.get("redis_version"):
            product = fields.get("server_name", "redis")
            return ("", "valkey") if product == "valkey" else (version, "redis")
    for pattern, kinds in ((_LOG_VERSION, (_K.SERVER_LOG,)), (_PROSE_VERSION, (_K.PROSE,))):
        for piece in pieces:
            if piece.kind in kinds and (found := _last(pattern, piece.text)):
                return found[2], "valkey" if found[1].lower() == "valkey" else "redis"
    return "", ""


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the last match in a text's two ends: a big log is not searched through for a form field."""
    found: list[re.Match[str]] = []
    for part in (text[:200_000], text[-200_000:] if len(text) > 200_000 else ""):
        found = [*pattern.finditer(part)][-1:] or found
    return found[0] if found else None


def _deployment(samples: Sequence[Piece], pieces: Sequence[Piece]) -> str:
    kinds = {piece.kind for piece in pieces}
    modes = {piece.data.fields.get("redis_mode", "") for piece in samples}
    enabled = any(piece.data.fields.get("cluster_enabled") == "1" for piece in samples)
    logs = [_last(_LOG_MODE, piece.text) for piece in pieces if piece.kind is _K.SERVER_LOG]
    modes |= {found[1] for found in logs if found}
    if (
        enabled
        or "cluster" in modes
        or kinds & {_K.CLUSTER_NODES, _K.CLUSTER_INFO, _K.CLUSTER_SHARDS, _K.CLUSTER_CHECK}
    ):
        return "cluster"
    if "sentinel" in modes or _K.SENTINEL in kinds:
        return "sentinel"
    if any(_has_replication(piece.data) for piece in samples):
        return "replication"
    return "standalone" if "standalone" in modes else ""


def _has_replication(data: Info) -> bool:
    return data.fields.get("role") == "slave" or data.fields.get("connected_slaves", "0") not in ("0", "")


def _timestamp(samples: Sequence[Piece], pieces: Sequence[Piece]) -> str:
    """The newest sample's time, else the log's last line, else what was written."""
    times = [piece.at for piece in samples if piece.at is not None]
    if times:
        return max(times).replace(microsecond=0).isoformat()
    for piece in pieces:
        if piece.kind is _K.SERVER_LOG:
            last = [entry.at for entry in parse_log("\n".join(piece.text[-20_000:].split("\n")[-40:])) if entry.at]
            if last:
                return last[-1].replace(microsecond=0).isoformat()
    stated = (find_time(piece.text)[0] for piece in pieces if piece.kind is _K.PROSE)
    return next((at.isoformat() for at in stated if at is not None), "")
