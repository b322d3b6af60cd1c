"""The command truth gate: what exists on which server, what it risks, and how each service says it."""

from incidents.diagnostics.commands.targets import ANY, Target
from incidents.diagnostics.commands.verdict import Verdict, check
from incidents.diagnostics.commands.versions import Version, parse_version

__all__ = ["ANY", "Target", "Verdict", "Version", "check", "parse_version"]
