"""The lab's throwaway Redis servers, for tests."""

from __future__ import annotations

import os
import shutil

import pytest

from incidents.lab.servers import ConfigValue, RedisServer, ServerDidNotStart, free_port, server_version

__all__ = ["ConfigValue", "RedisServer", "ServerDidNotStart", "free_port", "require_redis_server", "server_version"]


def require_redis_server() -> None:
    """Skip without redis-server on a laptop; fail in CI, where a skipped proof would look like a passed one."""
    if shutil.which("redis-server") and shutil.which("redis-cli"):
        return
    if os.environ.get("CI"):
        pytest.fail("redis-server and redis-cli are needed in CI: apt-get install redis-server")
    pytest.skip("redis-server and redis-cli are not installed here")
