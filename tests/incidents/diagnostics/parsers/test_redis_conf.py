import pytest

from incidents.diagnostics.parsers.redis_conf import is_directive_line, parse

FILE = """# comment
maxmemory 2gb
save 900 1
save 300 10
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
rename-command FLUSHALL ""
dir "/var/lib/my redis"
MAXCLIENTS 5
maxclients 100
"""


class TestParse:
    def test_reads_a_file(self):
        config = parse(FILE)

        assert config.fields.integer("maxmemory") == 2 * 2**30
        assert config.fields["dir"] == "/var/lib/my redis"
        assert config.fields["maxclients"] == "100"
        assert config.fields.line_of("maxmemory") == 2

    def test_joins_what_a_file_repeats_as_config_get_does(self):
        config = parse(FILE)

        assert config.fields["save"] == "900 1 300 10"
        assert config.fields["client-output-buffer-limit"] == "normal 0 0 0 replica 256mb 64mb 60"
        assert config.all("rename-command")[0].arguments == ("FLUSHALL", "")

    @pytest.mark.parametrize(
        "value",
        [
            '1) "maxmemory"\n2) "0"\n3) "save"\n4) ""\n5) "appendonly"\n6) "yes"',
            '1# "maxmemory" => "0"\n2# "save" => ""\n3# "appendonly" => "yes"',
            "maxmemory\n0\nsave\n\nappendonly\nyes",
            {"maxmemory": 0, "save": "", "appendonly": True},
            '{"maxmemory": "0", "save": "", "appendonly": "yes"}',
        ],
    )
    def test_reads_config_get_in_every_form(self, value):
        assert dict(parse(value).fields) == {"maxmemory": "0", "save": "", "appendonly": "yes"}


class TestDirectiveLine:
    @pytest.mark.parametrize(
        "line", ["maxmemory 2gb", "appendonly yes", "maxmemory-policy allkeys-lru", 'save ""', "port 6379"]
    )
    def test_is_told_by_its_name_and_value(self, line):
        assert is_directive_line(line)

    @pytest.mark.parametrize(
        "line", ["save the date please", "timeout happened at noon", "port is closed", "user came back"]
    )
    def test_is_no_sentence_that_begins_alike(self, line):
        assert not is_directive_line(line)
