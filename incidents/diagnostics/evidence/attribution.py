"""Which piece is of which node: names from files and headings, joined by run id, process id, node id and port."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from incidents.diagnostics.evidence.headings import is_local
from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece
from incidents.diagnostics.parsers.cluster_nodes import ClusterNodes
from incidents.diagnostics.parsers.info import Info

_K = EvidenceKind
_NODELESS = frozenset((_K.PROSE, _K.UNKNOWN, _K.CLIENT_ERRORS))
_LOG_PID = re.compile(r"^\s{0,20}(\d{1,10}):([MSX]) ", re.MULTILINE)
_LOG_ID = re.compile(r"I'm ([0-9a-f]{40})|Node configuration loaded, I'm ([0-9a-f]{40})")
_LOG_PORT = re.compile(r"Running mode=\w{1,20}, port=(\d{2,5})")
_PORT = re.compile(r"(?<!\d)([1-9]\d{3,4})(?!\d)")
_IP = re.compile(r"(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?![\d.])")
SHARED_PIDS = 100  # containers start servers as process 1, 7, …: such numbers tell nothing apart
LOG_ENDS = 400_000  # characters at each end of a log in which its process and node are looked for


@dataclass(slots=True)
class NodeIdentity:
    """What is known of who a node is."""

    label: str = ""
    marks: set[str] = field(default_factory=set)  # run:…, pid:…, id:…: equal marks are one node
    ports: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    is_sentinel: bool = False
    pieces: list[int] = field(default_factory=list)


def attribute(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Give each piece the name of its node, "" where there is but one or nothing tells."""
    groups = _joined([_identity(index, piece) for index, piece in enumerate(pieces) if piece.kind not in _NODELESS])
    _name_sentinels(groups)
    _adopt_lonely(groups)
    _follow_main(groups, pieces)
    names = {index: group.label for group in groups for index in group.pieces}
    names = _without_localhost(names)
    return tuple(replace(piece, node=names.get(index, piece.node)) for index, piece in enumerate(pieces))


def identify(pieces: Iterable[Piece]) -> tuple[NodeIdentity, ...]:
    """Return who the nodes of attributed pieces are, so that a node id or address in a log can be named."""
    found: dict[str, NodeIdentity] = {}
    for index, piece in enumerate(pieces):
        if piece.kind in _NODELESS:
            continue
        known, new = found.setdefault(piece.node, NodeIdentity(piece.node)), _identity(index, piece)
        known.marks |= new.marks
        known.ports |= new.ports
        known.addresses |= new.addresses
        known.is_sentinel |= new.is_sentinel
        known.pieces.append(index)
    return tuple(found.values())


def _identity(index: int, piece: Piece) -> NodeIdentity:
    identity = NodeIdentity(piece.node, pieces=[index])
    identity.addresses.update(_IP.findall(piece.node))
    data = piece.data
    if isinstance(data, Info):
        _read_info(identity, data)
    elif isinstance(data, ClusterNodes) and data.myself is not None:
        identity.marks.add(f"id:{data.myself.id}")
        identity.ports.add(str(data.myself.port or ""))
        identity.addresses.add(data.myself.ip)
    elif piece.kind is _K.SERVER_LOG:
        _read_log(identity, piece.text)
    identity.ports.discard("")
    identity.addresses.discard("")
    return identity


def _read_info(identity: NodeIdentity, data: Info) -> None:
    fields = data.fields
    if run_id := fields.get("run_id"):
        identity.marks.add(f"run:{run_id}")
    if (pid := fields.get("process_id", "")).isdecimal() and int(pid[:12]) > SHARED_PIDS:
        identity.marks.add(f"pid:{pid}")
    identity.ports.add(fields.get("tcp_port", ""))
    identity.is_sentinel = "sentinel_masters" in fields or fields.get("redis_mode") == "sentinel"


def _read_log(identity: NodeIdentity, text: str) -> None:
    for part in (text[:LOG_ENDS], text[-LOG_ENDS:] if len(text) > LOG_ENDS else ""):
        roles: set[str] = set()
        for pid, role in _LOG_PID.findall(part):
            roles.add(role)
            if int(pid) > SHARED_PIDS:
                identity.marks.add(f"pid:{pid}")
        identity.marks.update(f"id:{first or second}" for first, second in _LOG_ID.findall(part))
        identity.ports.update(_LOG_PORT.findall(part))
        identity.is_sentinel |= roles == {"X"}


def _joined(identities: Sequence[NodeIdentity]) -> list[NodeIdentity]:
    """Join pieces of one node: by name, by marks, then unnamed ones by a port that only one node has."""
    groups = _by(identities, lambda item: [f"label:{item.label}"] if item.label else [])
    groups = _by(groups, lambda item: sorted(item.marks))
    return _by_port(groups)


def _by(items: Sequence[NodeIdentity], keys_of: object) -> list[NodeIdentity]:
    owner: dict[str, NodeIdentity] = {}
    kept: list[NodeIdentity] = []
    for item in items:
        keys = keys_of(item)  # type: ignore[operator]
        homes = _unique(owner[key] for key in keys if key in owner)
        home = next((home for home in homes if _may_join(home, item)), None)
        if home is None:
            kept.append(item)
            home = item
        else:
            _absorb(home, item)
        for other in homes:
            if other is not home and other in kept and _may_join(home, other):
                _absorb(home, other)
                kept.remove(other)
                owner.update({key: home for key, value in owner.items() if value is other})
        for key in keys:
            owner.setdefault(key, home)
    return kept


def _unique(items: Iterable[NodeIdentity]) -> list[NodeIdentity]:
    return list({id(item): item for item in items}.values())


def _may_join(one: NodeIdentity, other: NodeIdentity) -> bool:
    """Two names may be one node only if its INFO says so: equal run ids."""
    if one.is_sentinel != other.is_sentinel and one.marks and other.marks:
        return False
    if not one.label or not other.label or one.label == other.label:
        return True
    runs = {mark for mark in one.marks & other.marks if mark.startswith(("run:", "id:"))}
    return bool(runs)


def _absorb(home: NodeIdentity, other: NodeIdentity) -> None:
    if other.label and (not home.label or len(other.label) < len(home.label)):
        home.label = other.label
    home.marks |= other.marks
    home.ports |= other.ports
    home.addresses |= other.addresses
    home.is_sentinel |= other.is_sentinel
    home.pieces.extend(other.pieces)


def _by_port(groups: list[NodeIdentity]) -> list[NodeIdentity]:
    """Let an unnamed group be the named one that alone speaks of its port, when nothing speaks against it."""
    named = [group for group in groups if group.label]
    kept = list(groups)
    for group in groups:
        if group.label or not group.ports:
            continue
        homes = [home for home in named if _ports(home) & group.ports and not _contradict(home, group)]
        if len(homes) == 1:
            _absorb(homes[0], group)
            kept.remove(group)
    return kept


def _ports(group: NodeIdentity) -> set[str]:
    return group.ports | set(_PORT.findall(group.label))


def _contradict(one: NodeIdentity, other: NodeIdentity) -> bool:
    """Whether both have a run id or a node id, and not the same."""
    for kind in ("run:", "id:"):
        mine = {mark for mark in one.marks if mark.startswith(kind)}
        theirs = {mark for mark in other.marks if mark.startswith(kind)}
        if mine and theirs and not mine & theirs:
            return True
    return one.is_sentinel != other.is_sentinel


def _name_sentinels(groups: list[NodeIdentity]) -> None:
    """A Sentinel's INFO and log must not pass for the server's."""
    unnamed = [group for group in groups if group.is_sentinel and not group.label]
    servers = any(not group.is_sentinel for group in groups)
    for group in unnamed:
        if servers or len(groups) > 1:
            group.label = "sentinel"


def _adopt_lonely(groups: list[NodeIdentity]) -> None:
    """With one named node only, and unnamed pieces that do not contradict it, there is but one server."""
    servers = [group for group in groups if not group.is_sentinel]
    named = [group for group in servers if group.label and not _is_role(group.label)]
    unnamed = [group for group in servers if not group.label]
    if len(named) != 1 or len(servers) != 1 + len(unnamed):
        return
    if any(_contradict(named[0], group) or _disjoint_pids(named[0], group) for group in unnamed):
        return
    for group in unnamed:
        group.label = named[0].label


def _follow_main(groups: list[NodeIdentity], pieces: Sequence[Piece]) -> None:
    """Let what was handed in beside an unnamed INFO, and says nothing of its node, be of that INFO's node."""
    main = next((i for i, piece in enumerate(pieces) if piece.kind is _K.INFO and not piece.node), None)
    home = next((group for group in groups if main in group.pieces), None)
    if home is None or not home.label:
        return
    for group in groups:
        if not group.label and not group.marks and not group.ports:
            group.label = home.label


def _is_role(label: str) -> bool:
    return label.split(" ")[-1].rstrip("0123456789-") in ("master", "replica", "sentinel")


def _disjoint_pids(one: NodeIdentity, other: NodeIdentity) -> bool:
    mine = {mark for mark in one.marks if mark.startswith("pid:")}
    theirs = {mark for mark in other.marks if mark.startswith("pid:")}
    return bool(mine and theirs and not mine & theirs)


def _without_localhost(names: dict[int, str]) -> dict[int, str]:
    """ "127.0.0.1:6379" as the only name of all names nothing."""
    labels = {name for name in names.values() if name and name != "sentinel"}
    if len(labels) == 1 and is_local(next(iter(labels))):
        return {index: "" if name in labels else name for index, name in names.items()}
    return names


def aliases(identity: NodeIdentity) -> Iterator[str]:
    """Yield other names under which logs and tables speak of a node: addresses with port, node ids."""
    for address in identity.addresses:
        yield from (f"{address}:{port}" for port in identity.ports)
        yield address
    for mark in identity.marks:
        if mark.startswith("id:"):
            yield mark[3:]
