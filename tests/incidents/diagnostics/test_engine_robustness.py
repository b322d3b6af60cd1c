"""No input makes the whole engine raise. `python -m tests.fuzz` does the same a hundred thousand times."""

import json
import logging
import re

import pytest
from hypothesis import HealthCheck, given, settings

from incidents.analysis.rules_analyst import write_report
from incidents.diagnostics.causes.words import pattern_of
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.fields import MissingField
from incidents.diagnostics.intake import IncidentInput
from incidents.diagnostics.rules.view import View
from tests.incidents.diagnostics.generated import intakes


class DiagnoseTests:
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(intakes)
    def test_never_raises_and_no_rule_breaks(self, intake):
        complaints = []
        handler = logging.Handler(logging.ERROR)
        handler.emit = complaints.append
        logging.getLogger("incidents").addHandler(handler)
        try:
            report = write_report(diagnose(intake), incident_id="x", language="ko")
        finally:
            logging.getLogger("incidents").removeHandler(handler)

        json.dumps(report.as_json(), allow_nan=False)
        assert complaints == []

    @pytest.mark.parametrize("value", ["²", "0x10", "", "1e308p", "9" * 5000, "nan", "13 keys", "--5"])
    def test_takes_a_garbled_number_for_missing(self, value):
        fields = ("used_memory", "maxmemory", "connected_clients", "maxclients", "uptime_in_seconds", "evicted_keys")
        sample = "\n".join(["redis_version:7.0.15", *(f"{name}:{value}" for name in fields)])

        diagnosis = diagnose(IncidentInput(redis_info=sample, artifacts={"redis_info_earlier": sample}))

        assert not any("internal error" in skipped.missing for skipped in diagnosis.examination.skipped)


class ViewTests:
    def test_gives_a_default_for_an_absent_number_but_not_for_a_garbled_one(self):
        dossier = diagnose(IncidentInput(redis_info="redis_version:7.0.15\nused_memory:²\nmaxmemory:7")).dossier
        view = View(dossier, dossier.main)

        assert view.get("evicted_keys", 0) == 0
        assert view.get("maxmemory", 0) == 7
        assert view.get("used_memory") == "²"
        with pytest.raises(MissingField):
            view.get("used_memory", 0)


class WordsTests:
    @pytest.mark.parametrize("source", [r"\d+ ?gb", r"large\w*", r"[\d,.]+ keys", r"a.*b", r"\S+ lost"])
    def test_give_every_repetition_an_end(self, source):
        assert not re.search(r"[*+]", pattern_of(source).pattern)

    def test_leave_escaped_signs_alone(self):
        assert pattern_of(r"c\+\+|1\.\*").search("c++ and 1.*")
