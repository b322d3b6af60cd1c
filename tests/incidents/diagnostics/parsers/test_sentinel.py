import pytest

from incidents.diagnostics.parsers.sentinel import parse

RAW = "name\nmymaster\nip\n10.0.0.1\nport\n6379\nrunid\n\nflags\nmaster,o_down\nnum-slaves\n2\nquorum\n2"


class TestParse:
    @pytest.mark.parametrize(
        "value",
        [
            RAW,
            RAW.replace("runid\n\n", "runid\n"),
            "\n".join(f'{number}) "{text}"' for number, text in enumerate(RAW.split("\n"), start=1)),
            {
                "name": "mymaster",
                "ip": "10.0.0.1",
                "port": 6379,
                "runid": "",
                "flags": "master,o_down",
                "num-slaves": 2,
            },
            {
                "mymaster": {
                    "name": "mymaster",
                    "ip": "10.0.0.1",
                    "port": 6379,
                    "flags": "master,o_down",
                    "num-slaves": 2,
                }
            },
        ],
    )
    def test_reads_every_form_even_without_its_blank_lines(self, value):
        (master,) = parse(value).masters

        assert (master.name, master.address) == ("mymaster", "10.0.0.1:6379")
        assert master.flags == ("master", "o_down")
        assert master.fields.integer("num-slaves") == 2

    def test_tells_replicas_and_sentinels_from_masters(self):
        text = "name\na\nip\n1\nport\n1\nflags\nslave,s_down\nname\nb\nip\n2\nport\n2\nflags\nsentinel"

        reply = parse(text)

        assert [replica.name for replica in reply.replicas] == ["a"]
        assert [sentinel.name for sentinel in reply.sentinels] == ["b"]

    @pytest.mark.parametrize(
        ("text", "is_ok", "usable"),
        [
            ("OK 3 usable Sentinels. Quorum and failover authorization can be reached", True, 3),
            ("(error) NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the majority", False, 1),
        ],
    )
    def test_reads_the_verdict_on_the_quorum(self, text, is_ok, usable):
        quorum = parse(text).quorum

        assert quorum is not None
        assert (quorum.is_ok, quorum.usable) == (is_ok, usable)
