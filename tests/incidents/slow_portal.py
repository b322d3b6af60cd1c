"""A portal whose analyses take their time, so that a test can kill it in the middle of one.

Run as `python -m tests.incidents.slow_portal --port N`; SLOW_SECONDS is the pause before each event.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import django


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sre_portal.settings")
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from rest_framework.authtoken.models import Token

    from incidents.management.commands.serve import Command
    from incidents.runs import tasks
    from incidents.setting_up import collect_static
    from tests.incidents.standins import Scripted

    call_command("migrate", verbosity=0)
    collect_static(say=print)
    if not User.objects.exists():
        admin = User.objects.create_superuser("admin", password="admin")
        Token.objects.create(user=admin, key="t" * 40)

    def slowly(*args: object, **kwargs: object) -> Iterator[object]:
        for event in Scripted(words=20)(*args, **kwargs):  # type: ignore[arg-type]
            time.sleep(float(os.environ.get("SLOW_SECONDS", "0")))
            yield event

    tasks.start_worker(analyse=slowly)  # type: ignore[arg-type]
    try:
        Command()._serve("127.0.0.1", port)
    finally:
        tasks.stop_worker()


if __name__ == "__main__":
    main(int(sys.argv[-1]))
