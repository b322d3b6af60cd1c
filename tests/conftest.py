"""What every test may lean on: four people, no network, and tools that must be there in CI."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def require(tool: str) -> str:
    """Return the path of a program. Skip without it on a laptop; fail in CI, where a skip would look like a pass."""
    path = shutil.which(tool)
    if path:
        return path
    if os.environ.get("CI"):
        pytest.fail(f"{tool} is needed in CI")
    pytest.skip(f"{tool} is not installed here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright keeps an event loop in the main thread, where Django's sync client can't work."""
    items.sort(key=lambda item: "/browser/" in str(item.path))


# --- No network ------------------------------------------------------------------------------------------------


class NetworkBlocked(OSError):
    """A test reached for the outside world."""


_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _is_local(address):
        raise NetworkBlocked(f"tests may not reach {address!r}")
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    if not _is_local(address):
        raise NetworkBlocked(f"tests may not reach {address!r}")
    return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Any:
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect, socket.socket.connect_ex = _connect, _connect_ex  # type: ignore[method-assign]


# --- Language --------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_language() -> Any:
    """What a test speaks is forgotten after it, so that files may run in any order and share."""
    from django.utils import translation

    yield
    translation.deactivate()


# --- People ----------------------------------------------------------------------------------------------------

PASSWORD = "correct horse battery staple"


def make_person(username: str, *, role: str = "", is_staff: bool = False) -> User:
    """A user with a role, as `manage.py setup` lays the roles."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.contrib.auth.models import Group, User

    from incidents.setting_up import lay_roles

    lay_roles()
    is_admin = role == "administrator"
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)  # the real count costs 0.3 s per person
    user = User.objects.create(
        username=username, password=password, is_superuser=is_admin, is_staff=is_admin or is_staff
    )
    if role and not is_admin:
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def alice(db: None) -> User:
    return make_person("alice", role="administrator")


@pytest.fixture
def bob(db: None) -> User:
    return make_person("bob", role="operator")


@pytest.fixture
def carol(db: None) -> User:
    return make_person("carol", role="curator")


@pytest.fixture
def mallory(db: None) -> User:
    return make_person("mallory")
