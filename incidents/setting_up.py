"""What a fresh installation needs before it can serve. Every step looks first and does nothing twice."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Q

from sre_portal.roles import PERMISSIONS

FIRST_ADMINISTRATOR = "admin"


@transaction.atomic
def lay_roles() -> bool:
    """Make the groups and give them their permissions. Return whether anything was missing."""
    changed = False
    for role, names in PERMISSIONS.items():
        group, created = Group.objects.get_or_create(name=role.value)
        wanted = set(_permissions(names))
        missing = wanted - set(group.permissions.all())
        if missing:
            group.permissions.add(*missing)
        changed = changed or created or bool(missing)
    return changed


def _permissions(names: tuple[str, ...]) -> list[Permission]:
    wanted = Q()
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))


def first_administrator() -> str | None:
    """Make the first administrator and return the password, which is kept nowhere. None if there is one already."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(FIRST_ADMINISTRATOR, password=password)
    return password
