"""What moved between two samples."""

from __future__ import annotations

import pytest

from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.sample_changes import SampleField, WrongField, changes_of, sample_fields

INFO = "# Server\r\nrun_id:a\r\nuptime_in_seconds:{uptime}\r\n# Clients\r\nconnected_clients:{clients}\r\n# Stats\r\n"
INFO += "total_commands_processed:{commands}\r\nevicted_keys:5\r\n"


def node_of(*samples: dict[str, int]):
    texts = [INFO.format(**sample) for sample in samples]
    intake = IncidentInput(
        redis_info=texts[-1], artifacts={"redis_info_earlier": texts[0]} if len(texts) > 1 else {}
    )  # fmt: skip
    return diagnose(intake).dossier.main


class SampleChangeTests:
    def test_tells_what_moved_and_how_fast_and_leaves_out_what_stood_still(self):
        before, after = {"uptime": 100, "clients": 10, "commands": 0}, {"uptime": 160, "clients": 40, "commands": 600}

        moved = {change.field.name: change for change in changes_of(node_of(before, after))}

        assert set(moved) == {"connected_clients", "total_commands_processed"}
        assert moved["total_commands_processed"].per_second == 10

    def test_has_nothing_to_say_of_one_sample(self):
        assert list(changes_of(node_of({"uptime": 100, "clients": 10, "commands": 0}))) == []

    def test_knows_only_kinds_and_units_that_can_be_drawn(self):
        assert len(sample_fields()) > 10
        with pytest.raises(WrongField):
            SampleField("used_memory", "gauge", "parsecs")
