"""Kernel, service manager, Docker and Kubernetes."""

from datetime import datetime

import pytest

from incidents.diagnostics.parsers import container_events, kernel_log

DMESG = """\
[Sun Nov 22 12:00:05 2026] redis-server invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0
[Sun Nov 22 12:00:05 2026] Memory cgroup out of memory: Killed process 2311 (redis-server) total-vm:9kB, anon-rss:8000kB
Nov 22 12:00:06 db-1 systemd[1]: redis-server.service: Failed with result 'oom-kill'.
Nov 22 12:00:07 db-1 systemd[1]: redis-server.service: Start request repeated too quickly.
Nov 22 12:00:07 db-1 sshd[77]: Accepted publickey for ops
"""

DESCRIBE = """\
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Ready:          False
    Restart Count:  6
    Limits:
      cpu:     1
      memory:  512Mi
Events:
  Warning  BackOff    3m (x20 over 8m)  kubelet  Back-off restarting failed container redis
  Warning  Unhealthy  5m (x3 over 6m)   kubelet  Liveness probe failed: LOADING Redis is loading the dataset in memory
  Normal   Created    9m                kubelet  Created container redis
"""

INSPECT = """[{"State": {"Status": "exited", "OOMKilled": %s, "ExitCode": %d, "Error": "",
 "StartedAt": "2026-11-22T01:00:00Z", "FinishedAt": "2026-11-22T03:00:05Z"},
 "RestartCount": 4, "HostConfig": {"Memory": 536870912}}]"""


class KernelLogTests:
    def test_reads_what_concerns_the_server_in_order(self):
        events = kernel_log.parse(DMESG, year=2026)

        assert [event.event for event in events] == [
            "kernel-oom-invoked", "kernel-oom-killed", "service-oom-killed", "service-start-limit",
        ]  # fmt: skip

    def test_reads_the_killed_process(self):
        killed = kernel_log.parse(DMESG, year=2026)[1]

        assert (killed.process, killed.pid, killed.in_cgroup) == ("redis-server", 2311, True)
        assert killed.sizes["anon-rss"] == 8000 * 1024
        assert killed.at == datetime(2026, 11, 22, 12, 0, 5)
        assert killed.is_server

    @pytest.mark.parametrize(
        ("line", "event"),
        [
            ("redis-server[4018]: segfault at 0 ip 0000 sp 0000 error 4", "kernel-segfault"),
            ("TCP: request_sock_TCP: Possible SYN flooding on port 6379. Sending cookies.", "kernel-syn-flood"),
            ("redis.service: Main process exited, code=killed, status=9/KILL", "service-killed"),
            (
                "redis.service: Failed at step NAMESPACE spawning /usr/bin/redis-server: Read-only file system",
                "service-sandboxed",
            ),
            ("EXT4-fs error (device sda1): ext4_journal_check_start: Detected aborted journal", "kernel-disk-error"),
        ],
    )
    def test_knows_the_line(self, line, event):
        [found] = kernel_log.parse(line)

        assert found.event == event

    def test_tells_itself_from_other_texts(self):
        assert kernel_log.looks_like(DMESG) > 0.7
        assert kernel_log.looks_like("redis_version:7.2.4\nused_memory:1") == 0


class ContainerEventsTests:
    def test_reads_a_described_pod(self):
        report = container_events.parse(DESCRIBE)

        assert (report.oom_killed, report.exit_code, report.restart_count) == (True, 137, 6)
        assert report.memory_limit == 512 << 20
        assert report.was_killed

    def test_counts_events_as_kubernetes_does(self):
        counts = {event.event: event.count for event in container_events.parse(DESCRIBE).events}

        assert counts["pod-back-off"] == 20
        assert counts["pod-probe-failed"] == 3

    def test_reads_docker_inspect(self):
        report = container_events.parse(INSPECT % ("true", 137))

        assert (report.oom_killed, report.exit_code, report.state) == (True, 137, "exited")
        assert report.memory_limit == 512 << 20
        assert report.finished_at == "2026-11-22T03:00:05Z"

    def test_sees_no_kill_in_a_clean_exit(self):
        report = container_events.parse(INSPECT % ("false", 0))

        assert report.oom_killed is False
        assert not report.was_killed

    def test_says_nothing_about_what_the_text_lacks(self):
        report = container_events.parse("nothing of the kind")

        assert report == container_events.ContainerReport()

    def test_tells_itself_from_other_texts(self):
        assert container_events.looks_like(DESCRIBE) > 0.9
        assert container_events.looks_like("redis_version:7.2.4") == 0
