import pytest

from incidents.diagnostics.fields import InfoFields, MissingField, read_number


class TestReadNumber:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("860.61K", 860.61 * 1024),
            ("2.5G", 2.5 * 2**30),
            ("64mb", 64 * 2**20),
            ("0B", 0),
            ("99.99%", 99.99),
            ("1,024", 1024),
            ("-1", -1),
            ("1.2e+09", 1.2e9),
        ],
    )
    def test_reads_what_servers_and_people_write(self, text, value):
        assert read_number(text) == pytest.approx(value)

    @pytest.mark.parametrize("text", ["", "ok", "5 apples", "1.2.3", "nan", "9" * 100])
    def test_takes_nothing_else_for_a_number(self, text):
        assert read_number(text) is None


class TestInfoFields:
    fields = InfoFields({"used_memory_human": "5.2G", "role": "master", "server_mode": "cluster", "aof_enabled": "1"})

    def test_raises_for_an_absent_field(self):
        with pytest.raises(MissingField, match="maxmemory"):
            self.fields.text("maxmemory")

    def test_raises_for_a_field_that_is_no_number(self):
        with pytest.raises(MissingField, match="role"):
            self.fields.integer("role")

    def test_takes_the_human_twin_when_that_is_all_there_is(self):
        assert self.fields.integer("used_memory") == int(5.2 * 2**30)

    def test_knows_a_field_by_its_other_spelling(self):
        assert self.fields.text("redis_mode") == "cluster"

    def test_keeps_64_bit_offsets_exact(self):
        assert InfoFields({"offset": "9007199254740993"}).integer("offset") == 9007199254740993

    def test_reads_flags_of_info_and_of_config(self):
        assert self.fields.flag("aof_enabled")
        assert not InfoFields({"appendonly": "no"}).flag("appendonly")

    def test_quotes_a_field_as_info_prints_it(self):
        assert self.fields.quote("redis_mode") == "server_mode:cluster"
