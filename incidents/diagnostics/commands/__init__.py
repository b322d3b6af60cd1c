"""The command truth gate: what exists on which server, what it risks and costs, and how each service says it."""

from incidents.diagnostics.commands.costs import Estimate, estimate
from incidents.diagnostics.commands.dialects import Rendering, render, substitute
from incidents.diagnostics.commands.extraction import extract_commands
from incidents.diagnostics.commands.targets import ANY, MANAGED, PRODUCTS, TOPOLOGIES, Target
from incidents.diagnostics.commands.verdict import Verdict, check
from incidents.diagnostics.commands.versions import Version, parse_version

__all__ = [
    "ANY",
    "MANAGED",
    "PRODUCTS",
    "TOPOLOGIES",
    "Estimate",
    "Rendering",
    "Target",
    "Verdict",
    "Version",
    "check",
    "estimate",
    "extract_commands",
    "parse_version",
    "render",
    "substitute",
]
