"""What one line of a paste shows by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from incidents.diagnostics.evidence.kinds import EvidenceKind
from incidents.diagnostics.parsers import (
    acl_list,
    bigkeys,
    cli_latency,
    client_list,
    cluster_nodes,
    host,
    info,
    log_catalogue,
    prometheus,
    redis_conf,
)
from incidents.diagnostics.parsers.log_formats import read_header
from incidents.diagnostics.parsers.replies import is_tree_line

_K = EvidenceKind


class Mark(StrEnum):
    """What a line is when it is of no kind of evidence by itself."""

    BLANK = "blank"
    FENCE = "fence"  # of a Markdown code block
    RULE = "rule"  # ----- or =====
    TREE = "tree"  # an element of a reply as redis-cli numbers it
    JSON = "json"  # may begin a JSON document
    LOGGED = "logged"  # an application's or another service's log line that tells of no trouble
    NUMBER = "number"
    WORD = "word"  # one token: prose rarely, raw replies often
    TEXT = "text"


LineKind = Mark | EvidenceKind

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]{0,20}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-Z\\-_])")
_INVISIBLE = str.maketrans({"\ufeff": None, "\u200b": None, "\u2060": None, "\u00a0": " ", "\x00": None, "\r": None})

_LOG = re.compile(r"\s{0,40}\d{1,10}:(?:[MSCX] \d{1,4}[ -]|signal-handler \()")
_OLD_LOG = re.compile(r"\s{0,20}\[\d{1,10}(?:\] \d{1,2} [A-Z][a-z]{2} | \| signal handler\])")
_CRASH = re.compile(
    r"={3,} (?:REDIS|VALKEY) BUG REPORT START|-{4,} (?:(?:INFO|CLIENT LIST|MODULES INFO|CONFIG DEBUG) OUTPUT|"
    r"STACK TRACE|REGISTERS|DUMPING CODE AROUND EIP|FAST MEMORY TEST|CURRENT CLIENT INFO|EXECUTING CLIENT INFO) -{4,}|"
    r"Backtrace:$"
)
_KERNEL = re.compile(
    r"oom-killer|oom_reaper|Out of memory: Kill|Memory cgroup out of memory|Killed process \d|oom-kill:constraint|"
    r"\bkernel: |systemd\[\d{1,10}\]: (?:redis|valkey)[\w@.-]{0,60}\.service|"
    r"^\s{0,8}(?:<\d>)?\[\s{0,8}\d{1,9}\.\d{4,6}\] "
)
_CONTAINER = re.compile(
    r"LAST SEEN {2,}TYPE|^Type {2,}Reason {2,}Age|OOMKilled|Back-off restarting|CrashLoopBackOff|"
    r"(?:Liveness|Readiness|Startup) probe failed|Killing container|Stopping container|Evicted\b.{0,60}node|"
    r"FailedScheduling|Exit Code:|Last State:|Reason: {2,}|"
    r"\b(?:Warning|Normal) {2,}(?:Unhealthy|BackOff|Killing|Failed|Evicted|Pulled|Started|Created|Scheduled)|"
    r"exited with code \d{1,3}|container (?:die|oom|kill|stop|start) [0-9a-f]{12}"
)
_REPLY = re.compile(
    r"^\s{0,8}(?:\(error\) |-)?(?:ERR|OOM|MISCONF|NOAUTH|NOPERM|WRONGPASS|WRONGTYPE|READONLY|LOADING|BUSY|BUSYGROUP|"
    r"CLUSTERDOWN|MOVED|ASK|TRYAGAIN|CROSSSLOT|MASTERDOWN|NOREPLICAS|NOSCRIPT|EXECABORT|UNKILLABLE|DENIED|NOPROTO|"
    r"UNBLOCKED|NOGOODSLAVE|INPROG|NOQUORUM|IOERR|NOTBUSY|BUSYKEY|NOMASTERLINK) \S"
)
_EXCEPTION = re.compile(
    r"(?:^|[\s.:\"'(\[])[A-Za-z_]\w{0,60}(?:Exception|Error|Fault)\b(?:[:(\s]|$)|^\s{0,8}Caused by: |"
    r"^Traceback \(most recent|Could not connect to (?:Redis|Valkey)|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|"
    r"dial tcp |i/o timeout|read tcp |connection pool (?:timeout|exhausted)|redis: (?:client|connection|nil)|"
    r"max number of clients reached|Command timed out after|used memory > 'maxmemory'|"
    r"No connection is available to service|Timeout performing|StackExchange\.Redis"
)
_STACK = re.compile(
    r'^\s{1,40}(?:at [\w$.<>/]{3,200}[(:]|File "[^"]{1,300}", line \d)|^\s{0,8}\.{3} \d{1,5} (?:more|common frames)|'
    r"^During handling of the above exception|^The above exception was the direct cause|^goroutine \d{1,9} \["
)
_CHECK = re.compile(
    r"^>>> (?:Performing|Check|Assign|Sending|Nodes conf|Fixing|Rebalancing)|\[(?:OK|ERR|WARNING)\] |"
    r"^\s{0,8}[MS]: [0-9a-f]{40} |\) -> \d{1,18} keys \| "
)
_CLUSTER_INFO = re.compile(
    r"\s{0,20}(?:cluster_(?:state|slots_|known_nodes|size|current_epoch|my_epoch|stats_)|total_cluster_links_)"
)
_QUORUM = re.compile(r"\s{0,8}(?:OK|NOQUORUM) \d{1,6} usable Sentinel")
_LETTER = re.compile(
    r"\s{0,8}\"?(?:(Dave, |I'm sorry, Dave|No latency spike was observed|Latency spikes are observed in|"
    r"(?:I have observed )?[Ll]atency monitoring is disabled in)|(Sam, I |Hi Sam, ))"
)
_SPIKES = re.compile(r"\s{0,8}\d{1,3}\. [\w-]{1,60}: \d{1,12} latency spikes ")
_EVENT_NAME = re.compile(
    r"(?:command|fast-command|fork|expire-cycle|expire-del|eviction-cycle|eviction-del|eviction-lazyfree|"
    r"active-defrag-cycle|rdb-unlink-temp-file|aof-[a-z-]{4,30}|while-blocked-cron|module-[a-z-]{4,40})$"
)
_MEMORY_STAT = re.compile(
    r"\"?(?:peak|total|startup)\.allocated\"?$|\"?(?:clients|overhead|dataset|keys|aof|replication|lua|functions|cluster|"
    r"allocator(?:-\w{3,15})?|rss-overhead|fragmentation)\.[a-z.-]{3,40}\"?$|db\.\d{1,5}$"
)
_JSON_SECOND = frozenset(("", '"', "'", "{", "[", "]", "}", " ", "\t"))
_APP_LOG = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S{0,30}\s.{0,120}?"
    r"\b(?:ERROR|WARN|WARNING|FATAL|SEVERE|error|warn)\b|"
    r"(?:ERROR|WARN|FATAL|SEVERE|level=error|level=warn)[\s:\]]"
)
_STAMPED = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ")
_LOGGED = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S{0,30}\s.{0,80}?\b(?:INFO|DEBUG|TRACE|NOTICE|info|debug|notice)\b|"
    r"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d [\d:]{8} [\w.-]{1,80} [\w./@-]{1,60}(?:\[\d{1,10}\])?: "
)
_LETTER_LINE = re.compile(
    r"\s{0,8}(?:- |\* |\d{1,3}\. |I have a few|Here (?:is|are) some|I'm here|I honestly|Sam|Dave|While there)"
)
_RULE = re.compile(r"[-=_*~#]{3,200}$|</?(?:details|summary|pre|code|p|br)/?>$")
_HANGUL = re.compile(r"[가-힣]")


def clean_text(text: str) -> str:
    """Drop what terminals and editors add: colours, byte order marks, carriage returns. Lines keep their numbers."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if not text.isascii() or "\x00" in text or "\r" in text:
        text = text.translate(_INVISIBLE)
    return text


def classify(line: str) -> LineKind:
    """Return the kind of evidence that the line alone shows, or what else it is."""
    bare = line.strip()
    if not bare:
        return Mark.BLANK
    head = bare[:1500]
    if _LOG.match(head) or _OLD_LOG.match(head):
        return _K.SERVER_LOG
    if head[0] in "[<" and _KERNEL.search(head):
        return _K.KERNEL_LOG
    if head.startswith(("```", "~~~")):
        return Mark.FENCE
    if _RULE.match(head):
        return Mark.RULE
    if _STAMPED.match(head) and (kind := _stamped(line, head)):
        return kind
    if " " not in head and len(head) < 200 and (kind := _single_token(head)):
        return kind
    return _of_redis(head) or _of_others(line[:1500], head) or known_message(head) or Mark.TEXT


def _stamped(line: str, head: str) -> LineKind | None:
    """Tell whose log a line is of that begins with its time, None when people wrote it."""
    if is_wrapped_log_line(line[:2000]):
        return _K.SERVER_LOG
    if _KERNEL.search(head):
        return _K.KERNEL_LOG
    if _APP_LOG.match(head) or _EXCEPTION.search(head):
        return _K.CLIENT_ERRORS
    if _CONTAINER.search(head):
        return _K.CONTAINER_EVENTS
    return Mark.LOGGED if _LOGGED.match(head) else None


def _single_token(head: str) -> LineKind | None:
    if head.isdigit() or (head[0] == "-" and head[1:].isdigit()):
        return Mark.NUMBER
    if _may_be_json(head):
        return Mark.JSON
    if _MEMORY_STAT.match(head):
        return _K.MEMORY_STATS
    if info.is_info_line(head):
        return _K.CLUSTER_INFO if _CLUSTER_INFO.match(head) else None if _HANGUL.search(head) else _K.INFO
    if is_tree_line(head):
        return Mark.TREE
    if prometheus.is_metric_line(head):
        return _K.METRICS
    return _of_redis(head) or _of_others(head, head) or Mark.WORD


def _of_redis(head: str) -> LineKind | None:
    """Recognise what Redis and its command-line client print."""
    if client_list.is_client_line(head) and head.lstrip("\"' 0123456789)").startswith("id="):
        return _K.CLIENT_LIST
    if head.startswith("vars currentEpoch ") or (
        cluster_nodes.is_node_line(head) and not head.startswith(("M: ", "S: "))
    ):
        return _K.CLUSTER_NODES
    if is_tree_line(head):
        return Mark.TREE
    if _CLUSTER_INFO.match(head):
        return _K.CLUSTER_INFO
    if info.is_info_line(head) and not _HANGUL.search(head):
        return _K.INFO
    if letter := _LETTER.match(head):
        return _K.LATENCY_DOCTOR if letter[1] else _K.MEMORY_DOCTOR
    if _SPIKES.match(head):
        return _K.LATENCY_DOCTOR
    if _QUORUM.match(head):
        return _K.SENTINEL
    if _CHECK.search(head):
        return _K.CLUSTER_CHECK
    if bigkeys.is_bigkeys_line(head):
        return _K.BIGKEYS
    if cli_latency.is_cli_latency_line(head):
        return _K.CLI_LATENCY
    return Mark.JSON if _may_be_json(head) else None


def _may_be_json(head: str) -> bool:
    return head[0] in "{[" and (head[1:2] in _JSON_SECOND or (head[0] == "[" and head[1:2].isdigit()))


def _of_others(line: str, head: str) -> LineKind | None:
    """Recognise logs in wrappers, clients, the kernel, containers and the machine."""
    if _KERNEL.search(head):
        return _K.KERNEL_LOG
    if is_wrapped_log_line(line):
        return _K.SERVER_LOG
    if _REPLY.match(head) or _STACK.match(line) or _EXCEPTION.search(head) or _APP_LOG.match(head):
        return _K.CLIENT_ERRORS
    if _CONTAINER.search(head):
        return _K.CONTAINER_EVENTS
    if host.is_host_line(line):
        return _K.HOST
    if acl_list.is_user_line(head):
        return _K.ACL_LIST
    if redis_conf.is_directive_line(head):
        return _K.CONFIG
    if prometheus.is_metric_line(head):
        return _K.METRICS
    return None


def known_message(head: str) -> EvidenceKind | None:
    """Return whose message this is, copied without the header it had in its log."""
    if _HANGUL.search(head):
        return None
    found = log_catalogue.anchored_index().find(head)
    if found is None:
        return None
    if found.pattern.area == "client_errors":
        return _K.CLIENT_ERRORS
    if found.pattern.event.startswith(("kernel-", "service-", "memory-hardware")):
        return _K.KERNEL_LOG
    return _K.CONTAINER_EVENTS if found.pattern.event.startswith(("container-", "pod-")) else _K.SERVER_LOG


def kind_of_record(record: Mapping[str, Any]) -> LineKind | None:
    """Tell what a log record written as JSON says, None when it is no log record."""
    message = next((record[key] for key in ("message", "msg", "log") if isinstance(record.get(key), str)), None)
    if message is None:
        return None
    level = str(record.get("level") or record.get("severity") or record.get("lvl") or "").lower()
    troubled = level.startswith(("err", "warn", "fatal", "crit", "severe"))
    return _K.CLIENT_ERRORS if troubled or _EXCEPTION.search(message[:1500]) else Mark.LOGGED


def is_wrapped_log_line(line: str) -> bool:
    """Whether a server's log line is inside: docker, Kubernetes, syslog, logfmt, JSON."""
    if is_crash_heading(line):
        return True
    if not any(mark in line for mark in (":M ", ":S ", ":C ", ":X ", "signal", "pid=", '"pid"', "redis", "valkey")):
        return False
    header = read_header(line)
    return header is not None and bool(header.role or header.epoch is not None)


def is_crash_heading(line: str) -> bool:
    """Whether a crash report begins here, or one of its parts."""
    return line[:1] in "=-#B" and _CRASH.match(line[:200]) is not None


def is_log_line(line: str) -> bool:
    return _LOG.match(line) is not None or _OLD_LOG.match(line) is not None or is_wrapped_log_line(line)


def is_event_name(line: str) -> bool:
    """Whether a line is the name of a latency event, as LATENCY LATEST prints it raw."""
    return _EVENT_NAME.match(line.strip()) is not None


def is_of_letter(line: str) -> bool:
    """Whether the doctors write lines that begin like this."""
    return _LETTER_LINE.match(line[:60]) is not None


def is_sentence(line: str) -> bool:
    """Whether people write like this: Korean, or several words."""
    return _HANGUL.search(line[:400]) is not None or len(line[:400].split()) >= 4
