"""What an installation needs before it can serve. Every step looks first and does nothing twice."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q

from sre_portal.roles import PERMISSIONS

FIRST_ADMINISTRATOR = "admin"
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Done:
    """What a set-up had to do."""

    migrated: bool = False
    roles: bool = False
    knowledge: bool = False
    incidents: bool = False
    static_collected: bool = False
    administrator: bool = False

    @property
    def anything(self) -> bool:
        return (
            self.migrated
            or self.roles
            or self.knowledge
            or self.incidents
            or self.static_collected
            or self.administrator
        )


def set_up(*, say: Say) -> Done:
    """Do what is missing and say so. The first administrator's password is said once and kept nowhere."""
    done = Done(
        migrated=migrate(say=say),
        roles=lay_roles(),
        knowledge=load_knowledge(say=say),
        incidents=index_incidents(say=say),
        static_collected=collect_static(say=say),
    )
    password = first_administrator()
    if password is None:
        return done
    say(f"\n  First administrator: {FIRST_ADMINISTRATOR}\n  Password:            {password}\n"
        "  It is shown this once. Change it under Administration.\n")  # fmt: skip
    return replace(done, administrator=True)


def migrate(*, say: Say) -> bool:
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    say("Preparing the database …")
    call_command("migrate", interactive=False, verbosity=0)
    return True


@transaction.atomic
def lay_roles() -> bool:
    """Make the groups and give them their permissions. Return whether anything was missing."""
    changed = False
    for role, names in PERMISSIONS.items():
        group, created = Group.objects.get_or_create(name=role.value)
        missing = set(_permissions(names)) - set(group.permissions.all())
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
    """Make the first administrator and return the password. None if there is one already."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(FIRST_ADMINISTRATOR, password=password)
    return password


# --- Shipped knowledge -----------------------------------------------------------------------------------------


def load_knowledge(*, say: Say) -> bool:
    """Load the shipped documents, again only when a release has brought others."""
    stamp = _stamp(settings.BASE_DIR / "fixtures")
    marker = settings.DATA_DIR / "knowledge.stamp"
    from knowledge_base.models import KnowledgeDocument

    if _reads(marker, stamp) and KnowledgeDocument.objects.exists():  # the database may be another one by now
        return False
    from knowledge_base.services import load_shipped_knowledge  # late: loads the index

    say("Loading and indexing the shipped knowledge …")
    load_shipped_knowledge()
    marker.write_text(stamp, encoding="utf-8")
    return True


# --- Words of incidents ---------------------------------------------------------------------------------------------


def index_incidents(*, say: Say) -> bool:
    """Make the words of incidents that lack them: after an upgrade, or where rows were written past the portal."""
    from incidents.finding.indexing import reindex, stale_incidents  # late: loads the tokeniser

    stale = stale_incidents()
    if stale:
        say(f"Indexing {len(stale)} incidents …")
    for incident_id in stale:
        reindex(incident_id)
    return bool(stale)


# --- Static files ----------------------------------------------------------------------------------------------


def collect_static(*, say: Say) -> bool:
    """Gather static files under names that hold their contents' hash, when one of them has changed."""
    if settings.APP_ENV == "test":
        return False
    of_apps = Path(settings.BASE_DIR).glob("*/static")  # the apps' own files change with a release too
    stamp = _stamp(*map(Path, settings.STATICFILES_DIRS), *sorted(of_apps))
    marker = settings.STATIC_ROOT / ".stamp"
    if _reads(marker, stamp) and (settings.STATIC_ROOT / "staticfiles.json").exists():
        return False
    from django.contrib.staticfiles.management.commands.collectstatic import Command
    from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

    say("Gathering the static files …")
    command = Command()
    command.storage = CompressedManifestStaticFilesStorage()  # the settings choose it once its manifest is there
    call_command(command, interactive=False, verbosity=0, clear=True)
    marker.write_text(stamp, encoding="utf-8")
    return True


def _stamp(*roots: Path) -> str:
    """A fingerprint of files by name, size and time, which is enough to notice a new release."""
    digest = hashlib.sha256(repr(settings.STATIC_BUNDLES).encode())
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                stat = path.stat()
                digest.update(f"{path.relative_to(root)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _reads(marker: Path, stamp: str) -> bool:
    return marker.exists() and marker.read_text(encoding="utf-8") == stamp
