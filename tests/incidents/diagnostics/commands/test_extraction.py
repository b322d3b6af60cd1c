from __future__ import annotations

from incidents.diagnostics.commands import extract_commands


class TestFencedBlocks:
    def test_takes_each_line_of_shell(self):
        text = "1. Look\n\n   ```sh\n   # who is it\n   redis-cli CLIENT LIST   # all\n   df -h\n   ```\n"

        assert extract_commands(text) == ["redis-cli CLIENT LIST", "df -h"]

    def test_joins_continued_lines(self):
        assert extract_commands("```bash\nredis-cli -h <host> \\\n  INFO\n```") == ["redis-cli -h <host> INFO"]

    def test_leaves_out_replies_of_a_session(self):
        text = '```\n127.0.0.1:6379> CONFIG GET save\n1) "save"\n2) ""\n127.0.0.1:6379> PING\nPONG\n```'

        assert extract_commands(text) == ["CONFIG GET save", "PING"]

    def test_leaves_out_other_languages(self):
        text = "```ini\nmaxmemory 4gb\n```\n```python\nprint('INFO')\n```\n```yaml\nsave: ''\n```"

        assert extract_commands(text) == []

    def test_leaves_out_output_without_prompts(self):
        text = "```\nredis-cli INFO memory\nused_memory:1024\n# Memory\nOK\n(integer) 1\n```"

        assert extract_commands(text) == ["redis-cli INFO memory"]

    def test_keeps_a_command_that_does_not_exist(self):
        assert extract_commands("```sh\nMEMORY REPORT\nFLUSHCACHE now\n```") == ["MEMORY REPORT", "FLUSHCACHE now"]

    def test_reads_loops_and_here_documents(self):
        text = "```sh\nfor p in 1 2; do\n  redis-cli -p $p INFO\ndone\nredis-cli <<EOF\nCONFIG GET dir\nEOF\n```"

        assert extract_commands(text) == ["redis-cli -p $p INFO", "redis-cli <<EOF", "CONFIG GET dir"]


class TestCodeSpans:
    def test_takes_what_can_be_run(self):
        text = "Run `redis-cli INFO memory`, `df -h`, `KEYS *`, `SENTINEL FAILOVER <name>` and ``redis-cli --bigkeys``."

        assert extract_commands(text) == [
            "redis-cli INFO memory",
            "df -h",
            "KEYS *",
            "SENTINEL FAILOVER <name>",
            "redis-cli --bigkeys",
        ]

    def test_leaves_names_in_passing(self):
        text = "`CONFIG SET`, `SCAN`, `maxmemory 4gb`, `used_memory`, `noeviction`, `redis-cli`, `grep`, `LOADING`"

        assert extract_commands(text) == []

    def test_leaves_messages(self):
        text = "`-OOM command not allowed when used memory > 'maxmemory'`, `MISCONF Redis is configured to save`"

        assert extract_commands(text) == []

    def test_finds_a_wrong_subcommand(self):
        assert extract_commands("`CLIENT EVICT 5` does not exist") == ["CLIENT EVICT 5"]

    def test_names_each_command_once(self):
        assert extract_commands("`redis-cli PING` and again `redis-cli PING`") == ["redis-cli PING"]

    def test_reads_korean_prose(self):
        assert extract_commands("먼저 `redis-cli INFO replication`을 확인합니다.") == ["redis-cli INFO replication"]
