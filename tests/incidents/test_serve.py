"""`serve` and `setup` as an operator runs them: a process, a port, a terminal."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.portal import ROOT, PortalProcess, within


@pytest.fixture(scope="module")
def portal(tmp_path_factory) -> PortalProcess:
    """A portal that was set up by its first start and stopped again."""
    portal = PortalProcess(data=tmp_path_factory.mktemp("portal"))
    portal.start(seconds=180)
    portal.end(signal.SIGINT)
    return portal


def content(portal: PortalProcess) -> list[str]:
    """Every row of the database, but for sessions and the time at which the index was last looked at."""
    passing = ('"django_session"', '"knowledge_base_indexcollection"')
    with sqlite3.connect(portal.data / "portal.sqlite3") as database:
        return [line for line in database.iterdump() if not any(table in line for table in passing)]


class ServeTests:
    def test_prints_the_first_password_once_and_it_opens_the_door(self, portal):
        (password,) = re.findall(r"Password: +(\S+)", portal.said())
        portal.start()
        try:
            with httpx.Client(base_url=portal.address, follow_redirects=True) as browser:
                browser.get("/login/")
                token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
                page = browser.post("/login/", data={**token, "username": "admin", "password": password})
        finally:
            portal.end(signal.SIGINT)

        assert page.status_code == 200
        assert page.url.path == "/incidents/"
        assert portal.said().count("Password:") == 1

    def test_is_ready_again_within_five_seconds_and_touches_no_data(self, portal):
        before = content(portal)

        took = portal.start()
        portal.end(signal.SIGINT)

        assert took < within(5)
        assert content(portal) == before

    @pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
    def test_stops_within_three_seconds_without_a_traceback(self, portal, sign):
        portal.start()

        took = portal.end(sign)

        assert took < within(3)
        assert "Traceback" not in portal.said()

    def test_serves_static_files_under_lasting_names(self, portal):
        portal.start()
        try:
            page = httpx.get(f"{portal.address}/login/").text
            (address,) = re.findall(r'href="(/static/css/every-page\.[0-9a-f]{12}\.css)"', page)
            answer = httpx.get(portal.address + address)
        finally:
            portal.end(signal.SIGINT)

        assert "immutable" in answer.headers["cache-control"]

    def test_says_which_port_is_taken(self, portal):
        portal.start()
        try:
            command = [sys.executable, "manage.py", "serve", "--port", str(portal.port)]
            second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
        finally:
            portal.end(signal.SIGINT)

        assert second.returncode == 1
        assert f"Port {portal.port}" in second.stderr
        assert "Traceback" not in second.stderr


class SetupTests:
    def test_has_nothing_to_do_the_second_time(self, portal):
        command = [sys.executable, "manage.py", "setup"]
        environment = {"PATH": "/usr/bin", "DATA_DIR": str(portal.data)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

        assert done.stdout == "Everything is set up.\n"


class DeployCheckTests:
    def check(self, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "check", "--deploy"]
        environment = {"PATH": "/usr/bin", "DATA_DIR": str(tmp_path), "APP_ENV": "production", **environment}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    def test_finds_nothing_in_production(self, tmp_path):
        assert "no issues" in self.check(tmp_path).stdout

    def test_refuses_two_processes_over_one_index(self, tmp_path):
        assert "sre_portal.E001" in self.check(tmp_path, WEB_CONCURRENCY="2").stderr

    def test_refuses_debug_pages_in_production(self, tmp_path):
        done = self.check(tmp_path, APP_DEBUG="true")

        assert done.returncode != 0
        assert "Traceback" not in done.stderr
