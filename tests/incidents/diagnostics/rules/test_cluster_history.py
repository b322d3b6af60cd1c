"""Stories over all nodes of a cluster: which fault came first, and whether restarts were orderly."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.diagnostics.dossier import build_dossier
from incidents.diagnostics.evidence import read_intake
from incidents.diagnostics.findings import Finding
from incidents.diagnostics.intake import IncidentInput, UploadedText
from incidents.diagnostics.rules.engine import examine

NINE = datetime(2026, 3, 2, 9)
IDS = {port: str(port % 10) * 40 for port in (7001, 7002, 7003)}


def examined(files: dict[str, str]) -> dict[str, Finding]:
    intake = IncidentInput(files=tuple(UploadedText(name, text) for name, text in files.items()))
    return {finding.id: finding for finding in examine(build_dossier(read_intake(intake), intake)).findings}


def log(*lines: tuple[int, str], ahead: int = 0) -> str:
    """Write (second, message) pairs by a clock that is `ahead` of the true time."""
    stamps = [(NINE + timedelta(seconds=second + ahead), message) for second, message in lines]
    return "\n".join(f"77:M {at:%d %b %Y %H:%M:%S}.000 * {message}" for at, message in stamps)


def view(of: int, failed: tuple[int, ...] = ()) -> str:
    def line(port: int) -> str:
        flags = ("myself," if port == of else "") + "master" + (",fail" if port in failed and port != of else "")
        number = port % 10
        address = f"10.0.0.{number}:{port}@{port + 10000}"
        return f"{IDS[port]} {address} {flags} - 0 1795348379000 {number} connected {number}"

    return "\n".join(line(port) for port in IDS)


def marked(port: int) -> str:
    return f"Marking node {IDS[port]} () as failing (quorum reached)."


def told(port: int) -> str:
    return f"FAIL message received from {IDS[7002]} () about {IDS[port]} ()"


IDENTITY = "Node configuration loaded, I'm {}"
STARTING = "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"


class TestFirstFault:
    def paste(self) -> dict[str, str]:
        """7003 fails at 09:01, 7001 at 09:03. The clock of 7002 is two minutes behind, so it prints 7001 at 09:01."""
        return {
            "node-7001.log": log((60, told(7003)), (61, "DB saved on disk")),
            "node-7002.log": log((60, marked(7003)), (180, marked(7001)), ahead=-120),
            "node-7003.log": log((180, told(7001)), (190, "DB saved on disk"), ahead=300),
            "node-7002.cluster-nodes": view(7002, (7001, 7003)),
        }

    def test_is_found_although_the_clocks_disagree(self):
        finding = examined(self.paste())["cluster-first-fault"]

        assert finding.values["first"] == "10.0.0.3:7003"
        assert finding.values["order"] == "10.0.0.3:7003 → 10.0.0.1:7001"

    def test_names_the_skewed_clocks_in_both_languages(self):
        summary = examined(self.paste())["cluster-first-fault"].summary

        assert "node-7003 +300 s" in summary.en
        assert "시계" in summary.ko
        assert "node-7002 -120 s" in summary.ko

    def test_is_not_told_of_an_orderly_restart(self):
        paste = {name: text for name, text in self.paste().items() if name != "node-7002.cluster-nodes"}
        stopped = log((30, "User requested shutdown..."), (40, STARTING), (50, marked(7003)))

        assert "cluster-first-fault" not in examined({**paste, "node-7001.log": stopped})


class TestAnAddressThatIsAnnounced:
    def test_is_compared_with_where_the_node_lives(self):
        own = log((0, "IP address for this node updated to 10.0.0.3"), (1, IDENTITY.format(IDS[7003])))
        others = view(7001, (7003,)).replace("10.0.0.3:7003", "10.9.9.9:7003")

        found = examined({"node-7003.log": own, "node-7003.info": "tcp_port:7003\n", "node-7001.cluster-nodes": others})

        assert found["cluster-address-stale"].values["real"] == "10.0.0.3:7003"
        assert "10.9.9.9:7003" in found["cluster-address-stale"].summary.ko


class TestOrderlyRestart:
    STOP = ("User requested shutdown...", "Redis is now ready to exit, bye bye...")

    def restart(self, port: int, *, stopped: bool = True) -> str:
        stop = [(10 + n, message) for n, message in enumerate(self.STOP)] if stopped else []
        ready = (1, "Ready to accept connections")
        again = [(20, STARTING), (21, IDENTITY.format(IDS[port])), (22, "Cluster state changed: ok")]
        return log((0, IDENTITY.format(IDS[port])), ready, *stop, *again)

    def paste(self, **options: bool) -> dict[str, str]:
        logs = {f"node-{port}.log": self.restart(port, **options) for port in (7001, 7002)}
        return {**logs, "node-7001.cluster-nodes": view(7001)}

    def test_is_recognised_by_its_shutdowns(self):
        assert examined(self.paste())["cluster-orderly-restart"].values["restarted"] == 2

    def test_is_none_without_shutdowns(self):
        assert "cluster-orderly-restart" not in examined(self.paste(stopped=False))

    def test_is_none_while_a_node_is_failing(self):
        paste = {**self.paste(), "node-7001.cluster-nodes": view(7001, (7003,))}

        assert "cluster-orderly-restart" not in examined(paste)
