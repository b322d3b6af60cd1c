"""Real captures, as far as they are on this machine: nothing is left unread, and a paste is read like the fields."""

import pytest

from incidents.diagnostics.evidence import prefill, read_intake, recognise
from incidents.diagnostics.parsers.info import Info
from tests.incidents.diagnostics.evidence.shared_cases import CAPTURES, FOLDERS, load, pasted

pytestmark = pytest.mark.skipif(not CAPTURES, reason="the shared cases are not on this machine")
COUNTED = (
    "fields",
    "entries",
    "clients",
    "nodes",
    "events",
    "samples",
    "users",
    "biggest",
    "filesystems",
    "files",
    "settings",
)


def ids(path):
    return path.stem if path.stem != "case" else path.parent.name


class TestCaptures:
    @pytest.mark.parametrize("path", CAPTURES, ids=ids)
    def test_are_read_with_their_data(self, path):
        for piece in read_intake(load(path)):
            counts = [len(getattr(piece.data, name)) for name in COUNTED if hasattr(piece.data, name)]
            if counts and piece.text.strip():
                assert any(counts), (piece.kind, piece.name)

    @pytest.mark.parametrize("path", CAPTURES, ids=ids)
    def test_have_all_fields_of_info(self, path):
        intake = load(path)
        printed = [line.split(":")[0] for line in intake.redis_info.splitlines() if line[:1].isalpha()]

        samples = [piece.data for piece in read_intake(intake) if piece.kind == "info" and piece.name == "INFO"]

        assert not printed or len(samples[0].fields) >= len(set(printed))

    @pytest.mark.parametrize("path", CAPTURES, ids=ids)
    def test_are_told_apart_when_pasted_in_one(self, path):
        intake = load(path)
        expected = {piece.kind for piece in read_intake(intake) if piece.text.strip()}

        found = {piece.kind for piece in recognise(pasted(intake))}

        loose = {
            "metrics",
            "config",
            "container_events",
            "unknown",
            "prose",
            "client_errors",
            "host",
            "sentinel",
            "latency_history",
        }
        assert expected - loose <= found

    @pytest.mark.parametrize("path", CAPTURES, ids=ids)
    def test_prefill_the_version_that_was_stated(self, path):
        intake = load(path)

        filled = prefill(read_intake(intake))

        assert filled.redis_version in (intake.redis_version, "8.0.1")
        assert filled.timestamp[:10] == intake.timestamp[:10]


class TestBundles:
    @pytest.mark.parametrize("path", FOLDERS, ids=ids)
    def test_name_a_node_for_every_file_that_names_one(self, path):
        pieces = read_intake(load(path))

        for piece in pieces:
            if piece.name.startswith("node-"):
                assert piece.node == piece.name.split(".")[0]

    @pytest.mark.parametrize("path", [path for path in FOLDERS if "cluster" in path.parent.name], ids=ids)
    def test_join_what_lies_beside_the_form_to_its_node(self, path):
        pieces = read_intake(load(path))

        assert {piece.node for piece in pieces if isinstance(piece.data, Info)} <= {f"node-700{n}" for n in range(1, 7)}
        assert len({piece.node for piece in pieces if piece.kind == "server_log"}) == 6
