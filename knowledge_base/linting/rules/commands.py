"""Whether the commands of a document exist on the servers it is for, and what they risk. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.diagnostics.commands import extract_commands
from incidents.diagnostics.findings import Risk
from incidents.diagnostics.text import Text
from knowledge_base.document_format import STEP_FIELDS
from knowledge_base.linting.data import words
from knowledge_base.linting.draft import Draft, Release, Step
from knowledge_base.linting.gate import ORDER, lacks_arguments, verdict_of
from knowledge_base.linting.notes import LintNote, Place, note
from knowledge_base.linting.surroundings import Surroundings

# --- existence ---------------------------------------------------------------------------------------------------


def check_existence(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """Every command runs on every server that the document names, or its step says on which."""
    for place, context, command in _shown(draft):
        yield from _existence(draft, place, context, command)
    for step in draft.steps:
        yield from _unknown_lines(step)


def _shown(draft: Draft) -> Iterator[tuple[Place, str, str]]:
    """Each command once, with its place and the prose around it."""
    seen: set[str] = set()
    for step in draft.steps:
        for command in step.commands:
            if command not in seen:
                seen.add(command)
                yield step.at("command"), step.prose, command
    for place, line in draft.lines():
        for command in extract_commands(line):
            if command not in seen:
                seen.add(command)
                yield place, f"{line} {draft.around(place)}", command


def _existence(draft: Draft, place: Place, context: str, command: str) -> Iterator[LintNote]:
    refused = [release for release in draft.releases if not verdict_of(command, *release).ok]
    if not refused:
        return
    if place.part != "command" and lacks_arguments(verdict_of(command, *_newest(refused))):
        # In prose `CONFIG SET maxmemory` is a name in passing.
        if command.split()[:2] != ["CONFIG", "SET"]:
            yield note("incomplete-command", place, command=_short(command))
    elif len(refused) == len(draft.releases):
        yield note("dead-command", place, command=_short(command), why=_why(command, _newest(refused)))
    elif place.field in STEP_FIELDS and not words().names_a_version.search(context):
        yield note(
            "command-outside-versions",
            place,
            command=_short(command),
            versions=draft.versions or "–",
            missing=", ".join(f"{product.capitalize()} {version}" for product, version in refused),
            since=verdict_of(command).since or "?",
        )


def _newest(refused: list[Release]) -> Release:
    """Of the first product the newest: what an older one or the other product lacks explains less."""
    return [release for release in refused if release[0] == refused[0][0]][-1]


def _why(command: str, release: Release) -> Text:
    reasons = verdict_of(command, *release).reasons
    return reasons[0] if reasons else Text("", "")


def _unknown_lines(step: Step) -> Iterator[LintNote]:
    """Lines in the place of a command that run nothing: mostly a misspelt program."""
    if step.commands or not step.says("command"):
        return
    first = step.says("command").splitlines()[0].strip()
    if first and not first.startswith("#") and verdict_of(first).kind == "unknown":
        yield note("unknown-program", step.at("command"), command=_short(first))


def _short(command: str) -> str:
    return command if len(command) <= 80 else command[:79] + "…"


# --- danger ------------------------------------------------------------------------------------------------------


def check_danger(draft: Draft, around: Surroundings) -> Iterator[LintNote]:
    """What can lose data or block is no diagnosis, warns, and has a way back."""
    for step in draft.steps_of("diagnosis_steps"):
        yield from _diagnosis(step)
    for step in draft.steps_of("solutions"):
        yield from _solution(step)


def _diagnosis(step: Step) -> Iterator[LintNote]:
    risk, command = _worst(step)
    if risk is Risk.LOSES_DATA:
        yield note("danger-in-diagnosis", step.at("command"), command=command)
    elif risk is Risk.BLOCKS and not words().warning.search(step.prose):
        yield note("blocking-diagnosis", step.at("command"), command=command)


def _solution(step: Step) -> Iterator[LintNote]:
    risk, command = _worst(step)
    stated = step.says("risk")
    if stated in ORDER and ORDER.index(stated) < ORDER.index(risk.value) and risk is not Risk.CHANGES_SETTINGS:
        yield note("risk-understated", step.at("risk"), stated=stated, real=risk.value, command=command)
    dangerous = Risk.LOSES_DATA.value in (stated, risk.value)
    if dangerous and command and not words().warning.search(step.prose):
        yield note("danger-unwarned", step.at("text"), command=command)
    if (dangerous or risk is Risk.BLOCKS) and not step.says("undo"):
        yield note("danger-without-undo", step.at("undo"))


def _worst(step: Step) -> tuple[Risk, str]:
    """The worst that a step's commands risk, and the command that does. Read-only without commands."""
    found = [(verdict_of(command).risk, command) for command in step.commands]
    risk, command = max(found, key=lambda pair: ORDER.index(pair[0].value), default=(Risk.READ_ONLY, ""))
    return risk, _short(command)
