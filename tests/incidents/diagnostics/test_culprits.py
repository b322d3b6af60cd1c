"""Who causes the load: each connection and each slow command counts once, however often it was pasted."""

from __future__ import annotations

from incidents.diagnostics.culprits import culprits_of
from incidents.diagnostics.diagnosis import diagnose
from incidents.diagnostics.intake import IncidentInput

CLIENTS = "\n".join(
    f"id={number} addr=10.0.0.7:{40000 + number} laddr=10.0.0.1:6379 fd={number} name=checkout-{number % 3} age=90"
    " idle=1 flags=N db=0 sub=0 psub=0 qbuf=0 qbuf-free=0 obl=0 oll=0 omem=0 events=r cmd=get"
    for number in range(1, 31)
)
SLOWLOG = """1) 1) (integer) 14
   2) (integer) 1795348264
   3) (integer) 61943
   4) 1) "KEYS"
      2) "session:*"
   5) "10.0.0.7:40001"
   6) "checkout-1"
"""


def culprits(**artifacts: str):
    return culprits_of(diagnose(IncidentInput(description="API slow", artifacts=artifacts)).dossier.main)


class TestCulprits:
    def test_join_the_numbered_connections_of_one_application(self):
        (checkout,) = culprits(client_list=CLIENTS)

        assert (checkout.owner, checkout.connections) == ("checkout", 30)

    def test_count_a_connection_once_in_two_samples(self):
        (checkout,) = culprits(client_list=CLIENTS, client_list_earlier=CLIENTS)

        assert checkout.connections == 30

    def test_count_a_slow_command_once_in_two_samples(self):
        (checkout,) = culprits(slowlog=SLOWLOG, slowlog_earlier=SLOWLOG)

        assert (checkout.slow_us, checkout.commands) == (61943, {"KEYS": 1})

    def test_are_silent_without_clients(self):
        assert culprits() == []
