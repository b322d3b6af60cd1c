import json

import pytest

from incidents.diagnostics.parsers.client_list import parse

LINE = (
    "id=7 addr=10.0.0.7:57066 laddr=10.0.0.1:6379 fd=8 name=export-0 age=9 idle=3 flags=N db=0 sub=1 psub=2 ssub=0 "
    "multi=-1 qbuf=26 qbuf-free=20448 obl=0 oll=245 omem=5023480 tot-mem=5043984 events=rw cmd=client|list "
    "user=default lib-name=redis-py lib-ver=5.0.0"
)


class TestParse:
    def test_reads_a_line(self):
        (client,) = parse(f"\n{LINE}\n").clients

        assert (client.id, client.ip, client.name, client.user) == (7, "10.0.0.7", "export-0", "default")
        assert (client.omem, client.tot_mem, client.oll, client.idle) == (5023480, 5043984, 245, 3)
        assert client.subscriptions == 3
        assert client.command == "client|list"
        assert (client.text, client.line) == (LINE, 2)

    def test_leaves_unknown_what_an_old_server_does_not_print(self):
        (client,) = parse("id=7 addr=10.0.0.7:57066 fd=8 age=9 idle=3").clients

        assert client.tot_mem is None
        assert client.subscriptions is None

    @pytest.mark.parametrize(
        "value",
        [
            [LINE, LINE],
            json.dumps([LINE, LINE]),
            f'"{LINE}\\n{LINE}\\n"',
            [{"id": "7", "addr": "10.0.0.7:57066"}, {"id": "8", "addr": "[::1]:57066"}],
            f"txt:{LINE}\r\n{LINE}\r\n",
        ],
    )
    def test_reads_lists_objects_and_quoted_replies(self, value):
        assert len(parse(value).clients) == 2

    def test_knows_how_many_there_were_when_only_some_were_pasted(self):
        assert parse(LINE, total=1490).count == 1490

    def test_passes_over_other_lines(self):
        assert parse("hello\naddr=1\n").clients == ()
