from __future__ import annotations

import pytest

from incidents.diagnostics.commands.shell import Unreadable, split_line


def texts(line: str) -> list[tuple[str, ...]]:
    return [simple.texts for simple in split_line(line)]


class TestSplitLine:
    def test_keeps_a_quoted_value_together(self):
        line = 'redis-cli CONFIG SET client-output-buffer-limit "replica 512mb 256mb 60"'

        assert texts(line)[0][-1] == "replica 512mb 256mb 60"

    def test_splits_pipelines_and_lists(self):
        line = "redis-cli INFO stats | grep evict && df -h; free -m"

        assert [one[0] for one in texts(line)] == ["redis-cli", "grep", "df", "free"]

    def test_takes_a_stand_in_for_a_word_and_not_for_a_redirection(self):
        assert texts("redis-cli CLIENT KILL ID <id>") == [("redis-cli", "CLIENT", "KILL", "ID", "<id>")]
        assert texts("redis-check-aof --fix <manifest or file>")[0][-1] == "<manifest or file>"

    def test_sets_redirections_aside(self):
        (simple,) = split_line("redis-cli MONITOR > /tmp/out 2>&1")

        assert simple.texts == ("redis-cli", "MONITOR")
        assert simple.redirected == ("> /tmp/out",)

    @pytest.mark.parametrize(
        "line",
        [
            "sudo -u redis redis-cli PING",
            "timeout 5 redis-cli PING",
            "REDISCLI_AUTH=secret redis-cli PING",
            "kubectl exec -it redis-0 -n cache -- redis-cli PING",
            "docker exec -it -u redis cache redis-cli PING",
            "docker compose exec redis redis-cli PING",
            "ssh -p 22 host redis-cli PING",
            "sh -c 'redis-cli PING'",
            "time redis-cli PING",
            "if redis-cli PING; then echo up; fi",
            "while redis-cli PING; do sleep 1; done",
            "/usr/local/bin/redis-cli PING",
            "$ redis-cli PING",
            "redis-cli PING # is it there",
        ],
    )
    def test_finds_the_command_inside_its_wrapping(self, line):
        simple = split_line(line)[0]

        assert (simple.program, *simple.texts[1:]) == ("redis-cli", "PING")

    def test_runs_the_body_of_a_loop(self):
        line = "for port in 7001 7002; do redis-cli -p $port CLUSTER INFO; done"

        assert texts(line) == [("redis-cli", "-p", "$port", "CLUSTER", "INFO")]

    def test_knows_that_xargs_adds_arguments(self):
        _, unlink = split_line("redis-cli --scan --pattern 'a*' | xargs -n 100 redis-cli UNLINK")

        assert unlink.texts == ("redis-cli", "UNLINK")
        assert unlink.open_ended

    def test_reads_the_command_in_a_substitution(self):
        assert ("redis-cli", "CONFIG", "GET", "dir") in texts("ls -ld $(redis-cli CONFIG GET dir | tail -1)")

    def test_leaves_shell_characters_alone_at_the_redis_prompt(self):
        line = "ACL SETUSER app on >secret ~* +config|get"

        assert texts(line) == [("ACL", "SETUSER", "app", "on", ">secret", "~*", "+config|get")]

    def test_drops_the_prompt(self):
        assert texts("127.0.0.1:6379[2]> CONFIG GET save") == [("CONFIG", "GET", "save")]

    def test_separates_commands_at_the_redis_prompt(self):
        assert texts("REPLICAOF NO ONE; CONFIG REWRITE") == [("REPLICAOF", "NO", "ONE"), ("CONFIG", "REWRITE")]

    def test_refuses_an_open_quote(self):
        with pytest.raises(Unreadable):
            split_line("redis-cli SET key 'value")

    @pytest.mark.parametrize("line", ["", "   ", "# only a remark", "done", "for x in 1 2; do"])
    def test_finds_nothing_where_nothing_runs(self, line):
        assert split_line(line) == []
