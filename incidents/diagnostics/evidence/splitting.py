"""A pasted text, cut into blocks of one kind each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.diagnostics.evidence.headings import Heading, read_heading
from incidents.diagnostics.evidence.kinds import EvidenceKind
from incidents.diagnostics.evidence.lines import (
    LineKind,
    Mark,
    classify,
    is_crash_heading,
    is_event_name,
    is_of_letter,
    is_sentence,
    is_wrapped_log_line,
    kind_of_record,
)
from incidents.diagnostics.evidence.shapes import is_raw_history, is_raw_slots, is_raw_slowlog, kind_of_reply
from incidents.diagnostics.parsers.replies import read_tree

_K = EvidenceKind
# Kinds whose raw form is one bare value per line, so that any line may belong to them.
RAW_KINDS = frozenset(
    (
        _K.SLOWLOG,
        _K.LATENCY_LATEST,
        _K.LATENCY_HISTORY,
        _K.LATENCY_HISTOGRAM,
        _K.MEMORY_STATS,
        _K.CLUSTER_SLOTS,
        _K.CLUSTER_SHARDS,
        _K.SENTINEL,
        _K.ACL_LOG,
        _K.CONFIG,
    )
)
# Kinds written in sentences: they end where something else is recognised, not at a line of text.
LETTERS = frozenset((_K.LATENCY_DOCTOR, _K.MEMORY_DOCTOR))
# Kinds that take a line of text right below them as their own.
LOOSE = frozenset((_K.HOST, _K.CONTAINER_EVENTS, _K.CLUSTER_CHECK, _K.BIGKEYS, _K.CLI_LATENCY, _K.KERNEL_LOG))
BY_LINE = frozenset((_K.SERVER_LOG, _K.CLIENT_ERRORS))
TREE_LINES = 200  # of a reply that its shape is told by
NOT_OF_CRASH = frozenset(
    (_K.INFO, _K.CLIENT_LIST, _K.LATENCY_DOCTOR, _K.MEMORY_DOCTOR, _K.MEMORY_STATS, _K.CLUSTER_NODES, _K.ACL_LIST)
)
CRASH_END, STARTED = "BUG REPORT END", "is starting oO0OoO0OoO0Oo"


@dataclass(slots=True)
class Block:
    """Lines `start` to `end` (exclusive, from 0) of one kind, and what was announced above them."""

    kind: EvidenceKind | None
    start: int
    end: int
    node: str = ""
    name: str = ""
    at: datetime | None = None
    value: Any = None  # of a JSON document
    is_log: bool = False  # of something that is not the server


@dataclass(slots=True)
class _Scope:
    """What the headings above say. A kind counts for one block, a node until the next node."""

    kind: EvidenceKind | None = None
    node: str = ""
    name: str = ""
    at: datetime | None = None
    is_reply: bool = False  # to a command whose reply we do not read


@dataclass(slots=True)
class Splitter:
    """Walks down the lines once, opening and closing blocks."""

    lines: Sequence[str]
    blocks: list[Block] = field(default_factory=list)
    scope: _Scope = field(default_factory=_Scope)
    block: Block | None = None
    position: int = 0
    in_crash: bool = False
    crash_part: str = ""
    json_budget: int = 0  # characters
    tree_budget: int = 0  # lines
    tree_end: int = 0

    def split(self) -> list[Block]:
        self.json_budget = 4 * sum(len(line) for line in self.lines) + 10_000
        self.tree_budget = 4 * len(self.lines) + 2_000
        while self.position < len(self.lines):
            line = self.lines[self.position]
            kind = classify(line)
            if self._keep_in_crash(line, kind):
                self.position += 1
                continue
            heading = read_heading(line) if self._may_announce(line, kind) else None
            if heading is not None:
                self._announce(heading)
            else:
                self._place(line, kind)
            self.position += 1
        self._close()
        return self.blocks

    # Crash reports quote INFO, CLIENT LIST and a stack: all of it belongs to the log.

    def _keep_in_crash(self, line: str, kind: LineKind) -> bool:
        if is_crash_heading(line):
            self.in_crash, self.crash_part = True, line
            self._enter(_K.SERVER_LOG)
        elif self.in_crash and CRASH_END in line[:200]:
            self.in_crash = False
            self._extend()
            return True
        elif self.in_crash and self._is_after_crash(line, kind):
            self.in_crash = False
        if self.in_crash:
            self._extend()
        return self.in_crash

    def _is_after_crash(self, line: str, kind: LineKind) -> bool:
        """Whether a report that was cut off must have ended: it quotes each reply below its own heading only."""
        quoted = (kind is _K.INFO and "INFO" in self.crash_part) or (
            kind is _K.CLIENT_LIST and "CLIENT" in self.crash_part
        )
        if kind in NOT_OF_CRASH and not quoted:
            return True
        return kind is Mark.FENCE or STARTED in line or line.startswith("==> ") or read_prompt(line)

    # Headings

    def _may_announce(self, line: str, kind: LineKind) -> bool:
        if kind in (Mark.TEXT, Mark.WORD, Mark.RULE, Mark.NUMBER):
            return not self._is_inside_raw(line, kind)
        return (kind is not Mark.BLANK and "-cli" in line and line.lstrip()[:1] in "$#%[+") or is_prompt_like(line)

    def _is_inside_raw(self, line: str, kind: LineKind) -> bool:
        """Whether a bare value of a raw reply only looks like a title."""
        raw = self.block is not None and self.block.kind in RAW_KINDS and self.block.end == self.position
        return raw and kind in (Mark.WORD, Mark.NUMBER) and not line.rstrip().endswith(":") and ">" not in line

    def _announce(self, heading: Heading) -> None:
        self._close()
        if heading.is_command:
            self.scope.kind, self.scope.name = heading.kind, heading.name
            self.scope.is_reply = heading.kind is None and bool(heading.name)
            self.scope.node = heading.node or self.scope.node
            return
        if heading.node:
            self.scope = _Scope(heading.kind, heading.node, heading.name, heading.at)
            return
        self.scope.kind = heading.kind or self.scope.kind
        self.scope.name, self.scope.is_reply = heading.name, False
        self.scope.at = heading.at or self.scope.at

    # Lines

    def _place(self, line: str, kind: LineKind) -> None:
        if kind is Mark.BLANK or kind is Mark.RULE:
            return
        if kind is Mark.FENCE:
            self._close()
        elif kind is Mark.TREE:
            self._tree()
        elif kind is Mark.JSON:
            self._json()
        elif kind is Mark.LOGGED or (kind is _K.CLIENT_ERRORS and self._is_in_log()):
            self._logged(kind)
        elif isinstance(kind, EvidenceKind):
            self._evidence(line, kind)
        else:
            self._text(line, kind)

    def _evidence(self, line: str, kind: EvidenceKind) -> None:
        expected = self.scope.kind
        if self._is_remark(line, kind):
            self._extend()
        elif expected in RAW_KINDS and not _is_strong(kind) and self._follows_raw():
            self._enter(expected)
        elif expected is _K.CLUSTER_INFO and kind is _K.INFO and "cluster" in line:
            self._enter(_K.CLUSTER_INFO)
        elif self._is_info_beside(kind, line):
            self._extend()
        else:
            self._enter(kind)

    def _is_in_log(self) -> bool:
        return self.block is not None and self.block.kind is _K.UNKNOWN and self.block.is_log

    def _logged(self, kind: LineKind) -> None:
        """Take a line of an application's log. The whole log counts as client errors once it holds one."""
        if self._is_in_log() and kind is _K.CLIENT_ERRORS and self.block is not None:
            self.block.kind = _K.CLIENT_ERRORS
        is_open = self.block is not None and self.block.kind is _K.CLIENT_ERRORS
        self._enter(_K.CLIENT_ERRORS if is_open or kind is _K.CLIENT_ERRORS else _K.UNKNOWN)
        if self.block is not None:
            self.block.is_log = True

    def _is_remark(self, line: str, kind: EvidenceKind) -> bool:
        """Whether a line that could be evidence is only a doctor's advice, or the check's last word."""
        if self.block is None:
            return False
        if self.block.kind in LETTERS:
            return kind not in LETTERS and not _is_strong(kind) and is_of_letter(line)
        near = self.position - self.block.end <= 1
        return self.block.kind is _K.CLUSTER_CHECK and near and "Could not connect" in line

    def _is_info_beside(self, kind: EvidenceKind, line: str) -> bool:
        """Fields that two replies share stay with the reply that is being read."""
        if self.block is None or self.block.end != self.position:
            return False
        current = self.block.kind
        if current is _K.CLUSTER_INFO and kind is _K.INFO:
            return "cluster" in line[:60]
        return current is _K.INFO and kind is _K.CLUSTER_INFO and "cluster_state" not in line

    def _text(self, line: str, kind: Mark) -> None:
        raw = self._raw_start(line)
        if raw is not None and not (self.block is not None and self.block.kind is raw and self._touches()):
            self._enter(raw)
        elif self._continues(line, kind):
            self._extend()
        elif self.scope.kind is not None and self._is_expected(line, kind):
            self._enter(self.scope.kind)
        elif self.scope.is_reply and not is_sentence(line):
            self._enter(_K.UNKNOWN)
        else:
            self._enter(_K.PROSE)

    def _is_expected(self, line: str, kind: Mark) -> bool:
        """Whether a line may be of the reply that was announced, though it shows nothing by itself."""
        if self.scope.kind in RAW_KINDS:
            return kind is not Mark.TEXT or not is_sentence(line)
        return self.scope.kind in LETTERS or (self.scope.kind in LOOSE | BY_LINE and not is_sentence(line))

    def _raw_start(self, line: str) -> EvidenceKind | None:
        """Return the kind of raw reply that begins here without being announced."""
        ahead = self.lines[self.position : self.position + 4]
        bare = line.strip()
        if self.block is not None and self.block.kind in RAW_KINDS and self._touches():
            return None
        if bare.isdigit():
            if is_raw_slots(ahead):
                return _K.CLUSTER_SLOTS
            return _K.SLOWLOG if is_raw_slowlog(ahead) else _K.LATENCY_HISTORY if is_raw_history(ahead) else None
        if is_event_name(bare) and len(ahead) > 1 and len(ahead[1].strip()) == 10 and ahead[1].strip().isdigit():
            return _K.LATENCY_LATEST
        if bare == "count" and len(ahead) > 2 and ahead[2].strip() == "reason":
            return _K.ACL_LOG
        if bare == "name" and len(ahead) > 2 and ahead[2].strip() == "ip":
            return _K.SENTINEL
        if bare == "slots" and len(ahead) > 1 and ahead[1].strip().isdigit():
            return _K.CLUSTER_SHARDS
        return None

    def _touches(self) -> bool:
        return self.block is not None and self.block.end == self.position

    def _follows_raw(self) -> bool:
        return self.block is None or self.block.kind is self.scope.kind

    def _continues(self, line: str, kind: Mark) -> bool:
        block = self.block
        if block is None or block.kind is None:
            return False
        if block.kind in LETTERS:
            return self._touches() or is_of_letter(line)
        if block.kind in RAW_KINDS:
            return kind is not Mark.TEXT or (
                self._touches() and not (is_sentence(line) and kind is Mark.TEXT and len(line) > 400)
            )
        if block.kind is _K.SERVER_LOG:
            return self._touches() and (line[:1] in " \t" or self._is_sandwiched())
        if block.kind is _K.CLIENT_ERRORS:
            return self._touches() and (line[:1] in " \t" or not is_sentence(line))
        if block.kind in (_K.INFO, _K.UNKNOWN):
            return self._touches() and kind is not Mark.TEXT and not is_sentence(line)
        if block.kind in LOOSE:
            return self._touches()
        return block.kind is _K.PROSE

    def _is_sandwiched(self) -> bool:
        """Whether log lines stand right above and, within a few lines, below: messages may contain line breaks."""
        for ahead in self.lines[self.position + 1 : self.position + 4]:
            kind = classify(ahead)
            if kind is _K.SERVER_LOG:
                return True
            if kind not in (Mark.TEXT, Mark.WORD, Mark.NUMBER):
                return False
        return False

    # Structured replies

    def _tree(self) -> None:
        """Take all lines of a numbered reply, then tell by its shape what it is."""
        start, end = self.position, self._end_of_tree()
        expected = self.scope.kind
        kind = expected if expected in RAW_KINDS else self._kind_of_tree(start, end)
        if kind is None and not any(
            classify(line) is Mark.TREE and '"' in line for line in self.lines[start : start + 3]
        ):
            self._enter(_K.PROSE)  # "1) first we restarted": somebody's numbered list
            return
        self._enter(kind or expected or _K.UNKNOWN)
        self.position = end - 1
        self._extend()

    def _end_of_tree(self) -> int:
        if self.position >= self.tree_end:
            self.tree_end = self.position + 1
            while self.tree_end < len(self.lines) and _is_tree_body(self.lines, self.tree_end):
                self.tree_end += 1
        return self.tree_end

    def _kind_of_tree(self, start: int, end: int) -> EvidenceKind | None:
        """Return what a reply's shape says. Pays for each line from a budget: in a list of no known shape, every
        line begins a reply that reaches to the list's end."""
        if self.tree_budget <= 0:
            return None
        end = min(end, start + TREE_LINES)
        self.tree_budget -= end - start
        return kind_of_reply(read_tree("\n".join(self.lines[start:end])))

    def _json(self) -> None:
        """Take a whole JSON document, if one begins here, and log lines written as JSON one by one."""
        line = self.lines[self.position]
        if is_wrapped_log_line(line):
            self._enter(_K.SERVER_LOG)
            return
        value, count = self._json_here()
        record = kind_of_record(value) if count == 1 and isinstance(value, dict) else None
        if record is not None:
            self._logged(record)
            return
        if count == 0:
            in_prose = self.block is not None and self.block.kind is _K.PROSE
            self._enter(_K.PROSE if in_prose or is_sentence(line) else _K.UNKNOWN)
            return
        self._close()
        end = self.position + count
        self.blocks.append(Block(None, self.position, end, self.scope.node, self.scope.name, self.scope.at, value))
        self.scope.kind = None
        self.position = end - 1

    def _json_here(self) -> tuple[Any, int]:
        """Return the document that begins at this line and its number of lines, 0 if there is none.

        Looks at ever more lines, and pays for what it looked at from a budget, so that unclosed brackets stay cheap.
        """
        window = 1
        while self.json_budget > 0:
            rest = "\n".join(self.lines[self.position : self.position + window])
            self.json_budget -= len(rest)
            try:
                value, stop = json.JSONDecoder().raw_decode(rest, len(rest) - len(rest.lstrip()))
                is_alone = not rest[stop:].split("\n", 1)[0].strip(" ,;")
                return (value, rest.count("\n", 0, stop) + 1) if is_alone else (None, 0)
            except ValueError as problem:
                is_cut = getattr(problem, "pos", 0) >= len(rest.rstrip()) - 1 or "Unterminated" in str(problem)
            except RecursionError:
                return None, 0
            if not is_cut or self.position + window >= len(self.lines):
                return None, 0
            window *= 8
        return None, 0

    # Blocks

    def _enter(self, kind: EvidenceKind) -> None:
        if self.block is None or self.block.kind is not kind:
            start = self._head_of(kind)
            self._close()
            self.block = Block(kind, start, self.position, self.scope.node, self.scope.name, self.scope.at)
            if kind is not _K.PROSE:
                self.scope.name = ""
        self._extend()

    def _head_of(self, kind: EvidenceKind) -> int:
        """Return where a block begins: a field that was cut in two stands above the first whole one."""
        block = self.block
        is_cut = (
            kind is _K.INFO
            and block is not None
            and block.kind is _K.PROSE
            and block.start == self.position - 1
            and block.end == self.position
            and " " not in self.lines[block.start].strip()
        )
        if is_cut and block is not None:
            block.end = block.start  # nothing is left of it
            return self.position - 1
        return self.position

    def _extend(self) -> None:
        if self.block is not None:
            self.block.end = self.position + 1

    def _close(self) -> None:
        if self.block is not None and self.block.end > self.block.start:
            self.blocks.append(self.block)
        if self.block is not None and self.block.kind is not _K.PROSE:
            self.scope.kind = None
        self.block = None


def _is_strong(kind: EvidenceKind) -> bool:
    """Kinds whose lines can't be a value within another reply."""
    return kind in (_K.SERVER_LOG, _K.INFO, _K.CLIENT_LIST, _K.CLUSTER_NODES, _K.CLUSTER_INFO, _K.KERNEL_LOG)


def _is_tree_body(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    kind = classify(line)
    if kind is Mark.TREE:
        return True
    above = lines[index - 1].rstrip()
    wrapped = above.count('"') % 2 == 1 and not above.endswith('"')
    return wrapped and kind in (Mark.TEXT, Mark.WORD, Mark.NUMBER)


def is_prompt_like(line: str) -> bool:
    head = line[:160]
    return ">" in head and (":" in head or "connected" in head) and head.lstrip()[:1].isalnum()


def read_prompt(line: str) -> bool:
    heading = read_heading(line) if is_prompt_like(line) else None
    return heading is not None and heading.is_command


def split(lines: Sequence[str]) -> list[Block]:
    """Cut lines into blocks, in order. Blank lines between blocks belong to none."""
    return Splitter(lines).split()
