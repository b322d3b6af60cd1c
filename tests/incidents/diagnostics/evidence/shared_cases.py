"""The evaluation cases beside the repository, where they are on this machine."""

import gzip
import json
from pathlib import Path

from incidents.diagnostics.intake import IncidentInput, UploadedText

CASES = Path(__file__).resolve().parents[5] / "shared" / "cases"
CAPTURES = sorted(CASES.glob("captures/*.json"))
FOLDERS = sorted(CASES.glob("hard/*/case.json"))


def load(path):
    case = json.loads(path.read_text())
    return IncidentInput(
        timestamp=case["timestamp"],
        error_logs=tuple(case["error_logs"]),
        metrics=case["metrics"],
        redis_info=case["redis_info"],
        redis_version=case["redis_version"],
        deployment_type=case["deployment_type"],
        description=case["description"] or "",
        artifacts=case["artifacts"],
        files=tuple(UploadedText(name, _text(path.parent / name)) for name in case.get("files", [])),
    )


def _text(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def pasted(intake):
    """Write everything of a capture as one paste."""
    parts = [intake.description, "\n".join(intake.error_logs), intake.redis_info]
    for value in intake.artifacts.values():
        if isinstance(value, str):
            parts.append(value)
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            parts.append("\n".join(value))
    return "\n\n".join(part for part in parts if part)
