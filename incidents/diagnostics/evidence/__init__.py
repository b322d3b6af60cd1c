"""Evidence: what was handed in, recognised, split, attributed to its node and parsed."""

from incidents.diagnostics.evidence.attribution import NodeIdentity, aliases, attribute, identify
from incidents.diagnostics.evidence.intake_reading import read_file, read_intake
from incidents.diagnostics.evidence.kinds import EvidenceKind, Piece, Prefill, Recognised
from incidents.diagnostics.evidence.recognition import recognise
from incidents.diagnostics.evidence.summary import describe, prefill

__all__ = [
    "EvidenceKind",
    "NodeIdentity",
    "Piece",
    "Prefill",
    "Recognised",
    "aliases",
    "attribute",
    "describe",
    "identify",
    "prefill",
    "read_file",
    "read_intake",
    "recognise",
]
