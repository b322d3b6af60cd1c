"""Checking the names and values of CONFIG GET and CONFIG SET."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from incidents.diagnostics.commands.parts import COMMON_VERSIONS, Problem
from incidents.diagnostics.commands.placeholders import is_metavariable, is_placeholder
from incidents.diagnostics.commands.tables import Setting, settings, value_since
from incidents.diagnostics.commands.targets import PRODUCT_NAMES, Target
from incidents.diagnostics.commands.versions import ALWAYS, Span, Version, at_least, say_version
from incidents.diagnostics.commands.wording import say
from incidents.diagnostics.text import Text

OLDEST: Version = (5, 0, 0)  # a setting of the oldest server that was asked is taken for always there
SIZE = r"\d+(?:b|k|kb|m|mb|g|gb)?"
VALUE_PATTERNS = {
    "bool": (re.compile(r"yes|no", re.I), "expect-bool"),
    "integer": (re.compile(r"-?\d+"), "expect-integer"),
    "octal": (re.compile(r"[0-7]+"), "expect-octal"),
    "memory": (re.compile(SIZE, re.I), "expect-memory"),
    "percent": (re.compile(rf"{SIZE}|\d+%", re.I), "expect-percent"),
}
SPECIAL_PATTERNS = {
    "save": (re.compile(r"|(?:\d+ \d+)(?: \d+ \d+)*"), "expect-save"),
    "client-output-buffer-limit": (
        re.compile(rf"(?:(?:normal|replica|slave|pubsub) {SIZE} {SIZE} \d+ ?)+", re.I),
        "expect-buffer-limit",
    ),
    "notify-keyspace-events": (re.compile(r"[KEg$lshzxetdmnA]*"), "expect-events"),
}


def check_config(subcommand: str, arguments: Sequence[str], target: Target) -> Iterator[Problem]:
    """Yield what is wrong with CONFIG GET or CONFIG SET for this server."""
    if subcommand == "GET":
        yield from _check_get(arguments, target)
    elif subcommand == "SET":
        yield from _check_set(arguments, target)


def settings_since(command: str, arguments: Sequence[str], target: Target) -> Version:
    """Return the version that brought the newest setting named in CONFIG GET or CONFIG SET."""
    if command not in ("CONFIG GET", "CONFIG SET"):
        return ALWAYS
    names = arguments[::2] if command == "CONFIG SET" else arguments
    found = [settings()[name.lower()].spans.get(target.product) for name in names if name.lower() in settings()]
    return max((span.since for span in found if span and span.since > OLDEST), default=ALWAYS)


def _check_get(names: Sequence[str], target: Target) -> Iterator[Problem]:
    if len(names) > 1 and not target.at_least(7, 0) and target.version:
        yield True, _many("CONFIG GET", target)
    for name in names:
        if is_placeholder(name) or is_metavariable(name):
            continue
        if any(char in name for char in "*?["):
            yield from _check_pattern(name, target)
        else:
            yield from check_setting(name, target)


def _check_pattern(pattern: str, target: Target) -> Iterator[Problem]:
    matching = [one for name, one in settings().items() if fnmatchcase(name, pattern.lower())]
    if not any(setting.exists_in(target) for setting in matching):
        yield True, say("no-setting-matches", name=pattern, server=target.name)


def _check_set(arguments: Sequence[str], target: Target) -> Iterator[Problem]:
    if len(arguments) > 2 and not target.at_least(7, 0) and target.version:
        yield True, say("setting-pairs") if len(arguments) % 2 else _many("CONFIG SET", target)
        return
    if len(arguments) % 2:
        yield True, say("setting-pairs")
        return
    for name, value in zip(arguments[::2], arguments[1::2], strict=True):
        if is_placeholder(name):
            continue
        problems = list(check_setting(name, target))
        yield from problems
        if setting := settings().get(name.lower()):
            yield from _check_change(setting, value, target) if not problems else ()


def _many(command: str, target: Target) -> Text:
    return say("many-need-version", command=command, product=PRODUCT_NAMES[target.product], server=target.name)


def check_setting(name: str, target: Target) -> Iterator[Problem]:
    """Yield why a setting does not exist on this server, if it does not."""
    setting = settings().get(name.lower())
    if setting is None:
        yield True, say("unknown-setting", name=name, server=target.name)
        return
    span = setting.spans.get(target.product)
    if span is None:
        other = next(product for product in setting.spans)
        yield True, say("setting-other-product", name=name, other=PRODUCT_NAMES[other], server=target.name)
        return
    yield from _check_span(name, span, target)


def _check_span(name: str, span: Span, target: Target) -> Iterator[Problem]:
    product = PRODUCT_NAMES[target.product]
    if target.version is None:
        if span.since > COMMON_VERSIONS[target.product]:
            since = say_version(span.since)
            yield False, say("setting-needs-version-note", name=name, product=product, since=since)
        return
    if span.since > OLDEST and not at_least(target.version, span.since):  # the table knows nothing older
        since = say_version(span.since)
        yield True, say("setting-needs-version", name=name, product=product, since=since, server=target.name)
    elif span.until and at_least(target.version, span.until):
        until = say_version(span.until)
        yield True, say("setting-gone", name=name, product=product, until=until, server=target.name)


def _check_change(setting: Setting, value: str, target: Target) -> Iterator[Problem]:
    if not setting.changes_in(target):
        sentence = "setting-protected" if setting.protected else "setting-immutable"
        product = PRODUCT_NAMES[target.product]
        certain = target.version is not None or not setting.changeable.get(target.product)
        yield certain, say(sentence, name=setting.name, server=target.name, product=product)
        return
    if is_placeholder(value) or is_metavariable(value):
        return
    yield from _check_value(setting, value, target)


def _check_value(setting: Setting, value: str, target: Target) -> Iterator[Problem]:
    rule = SPECIAL_PATTERNS.get(setting.name) or VALUE_PATTERNS.get(setting.type)
    if rule is not None and not rule[0].fullmatch(value):
        yield True, _value_problem(setting, value, say(rule[1]))
    if setting.type != "enum":
        return
    if value.lower() not in setting.values:
        listed = ", ".join(setting.values)
        yield True, _value_problem(setting, value, say("expect-enum", values=listed))
    elif (since := value_since(setting, value, target)) and target.version and not at_least(target.version, since):
        yield True, say(
            "setting-value-needs-version",
            name=setting.name, value=value, product=PRODUCT_NAMES[target.product], since=say_version(since),
            server=target.name,
        )  # fmt: skip


def _value_problem(setting: Setting, value: str, expected: Text) -> Text:
    """Join two bilingual sentences."""
    ko = say("setting-value", name=setting.name, value=value, expected=expected.ko).ko
    en = say("setting-value", name=setting.name, value=value, expected=expected.en).en
    return Text(ko=ko, en=en)
