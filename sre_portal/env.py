"""The only module that reads the environment. A wrong value stops the start with one clear sentence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass


class WrongSetting(SystemExit):
    """A setting whose value can't be used. Ends the process with the sentence and no traceback."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable that was asked for: what the README's table and `.env.example` are checked against."""

    name: str
    default: str
    help: str


READ: dict[str, Setting] = {}


def text(name: str, default: str = "", *, help: str, choices: Sequence[str] = ()) -> str:
    READ[name] = Setting(name, default, help)
    value = os.environ.get(name, "").strip() or default
    if choices and value not in choices:
        raise WrongSetting(f"{name} is {value!r}; it must be one of: {', '.join(choices)}.")
    return value


def secret(name: str, default: str = "", *, help: str) -> str:
    """A text that may also be handed over in a file named by NAME_FILE."""
    READ[name] = Setting(name, default, help)
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return os.environ.get(name, "").strip() or default
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as exc:
        raise WrongSetting(f"{name}_FILE names {path!r}, which can't be read: {exc.strerror}.") from None


def flag(name: str, default: bool, *, help: str) -> bool:
    value = text(name, "true" if default else "false", help=help).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise WrongSetting(f"{name} is {value!r}; it must be true or false.")


def integer(name: str, default: int, *, help: str, least: int = 0, most: int | None = None) -> int:
    value = text(name, str(default), help=help)
    try:
        number = int(value)
    except ValueError:
        raise WrongSetting(f"{name} is {value!r}; it must be a whole number.") from None
    return int(_within(name, number, least, most))


def number(name: str, default: float, *, help: str, least: float = 0.0, most: float | None = None) -> float:
    value = text(name, str(default), help=help)
    try:
        parsed = float(value)
    except ValueError:
        raise WrongSetting(f"{name} is {value!r}; it must be a number.") from None
    return _within(name, parsed, least, most)


def names(name: str, default: str = "", *, help: str) -> list[str]:
    return [part.strip() for part in text(name, default, help=help).split(",") if part.strip()]


def _within(name: str, value: float, least: float, most: float | None) -> float:
    if value < least or (most is not None and value > most):
        upto = f" and at most {most:g}" if most is not None else ""
        raise WrongSetting(f"{name} is {value:g}; it must be at least {least:g}{upto}.")
    return value
