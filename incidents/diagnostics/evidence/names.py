"""What the name of a file or an artifact tells: the kind of text, and the node it came from."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from incidents.diagnostics.evidence.kinds import EvidenceKind
from incidents.diagnostics.evidence.vocabulary import load_vocabulary

_SEPARATORS = re.compile(r"[^0-9a-z가-힣]+")


def words_of(name: str) -> str:
    """Return a name in lower case with its words joined by underscores."""
    return _SEPARATORS.sub("_", name.strip().lower()).strip("_")


def kind_in_name(name: str) -> EvidenceKind | None:
    """Return the kind that a file's or artifact's name states, or None."""
    words = words_of(PurePosixPath(name).name if "/" in name else name)
    return next((kind for pattern, kind in load_vocabulary().names if pattern.search(words)), None)


def stem_of(path: str) -> str:
    """Return a file's name without its folders and without extensions that only say what it is."""
    name = PurePosixPath(path.replace("\\", "/")).name
    while "." in name:
        stem, _, extension = name.rpartition(".")
        if not stem or extension.lower() not in load_vocabulary().extensions:
            break
        name = stem
    return name


def node_in_path(path: str) -> str:
    """Return the node that a file's name states ("node-7001.log"), else its folder's, or ""."""
    stem = _node_in_stem(stem_of(path))
    if stem:
        return stem
    folders = PurePosixPath(path.replace("\\", "/")).parts[:-1]
    named = (folder for folder in reversed(folders) if folder.lower() not in load_vocabulary().generic_folders)
    return next((node for folder in named if (node := _node_in_stem(folder)) and _tells_apart(node)), "")


def _node_in_stem(stem: str) -> str:
    parts = re.split(r"([-_. ]+)", stem)
    kept = [
        index
        for index in range(0, len(parts), 2)
        if parts[index] and parts[index].lower() not in load_vocabulary().not_a_node
    ]
    if not kept:
        return ""
    first, last = kept[0], kept[-1]
    if first >= 2 and parts[first - 2].lower() in ("redis", "valkey"):
        first -= 2  # "redis-2" is a name, "2" is none
    return "".join(parts[first : last + 1]).strip("-_. /\\")


def _tells_apart(folder: str) -> bool:
    return any(character.isdigit() for character in folder) or "-" in folder


def node_in_artifact(name: str) -> str:
    """Return the node in an artifact's name: "old master" of "old_master_log", "node-7001" of "node_7001_info"."""
    words = words_of(name).split("_")
    kept: list[str] = []
    for word in words:
        if word in load_vocabulary().not_a_node:
            break
        kept.append(word)
    if not kept:
        return ""
    if kept[0] == "sentinel":
        return "-".join(word for word in kept[:2] if word == "sentinel" or word.isdigit())
    if kept[-1] in ("master", "replica", "slave", "primary"):
        return " ".join({"slave": "replica", "primary": "master"}.get(word, word) for word in kept)
    return "-".join(kept) if any(character.isdigit() for word in kept for character in word) else ""
