"""From evidence to verdict in one call: read, sort, examine, conclude."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from incidents.diagnostics import rules  # noqa: F401  (registers the rules' functions)
from incidents.diagnostics.causes.conclusion import Conclusion, conclude
from incidents.diagnostics.causes.manner import manner_of
from incidents.diagnostics.causes.weighing import Testimony
from incidents.diagnostics.dossier import Dossier, build_dossier
from incidents.diagnostics.evidence import read_intake
from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.rules.engine import Examination, examine

WELL_SEEN_FIELDS = 40  # fields of INFO from which on the server counts as seen


@dataclass(frozen=True)
class Diagnosis:
    """Everything the rules know about an incident."""

    dossier: Dossier
    examination: Examination
    conclusion: Conclusion


def diagnose(intake: IncidentInput, *, thresholds: Mapping[str, Mapping[str, float]] | None = None) -> Diagnosis:
    """Diagnose what was handed in. Never raises on any content."""
    dossier = build_dossier(read_intake(intake), intake)
    return diagnose_dossier(dossier, thresholds=thresholds)


def diagnose_dossier(dossier: Dossier, *, thresholds: Mapping[str, Mapping[str, float]] | None = None) -> Diagnosis:
    examination = examine(dossier, thresholds=thresholds)
    testimony = Testimony(prose=dossier.prose, errors=dossier.client_errors, anything=dossier.small_texts)
    conclusion = conclude(
        examination.findings,
        testimony,
        manner=manner_of(testimony),
        well_seen=any(len(node.info.fields) >= WELL_SEEN_FIELDS for node in dossier.nodes),
    )
    return Diagnosis(dossier, examination, conclusion)
