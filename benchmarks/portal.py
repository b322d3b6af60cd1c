"""The portal's database for a bench: an empty one in the bench's own directory, with what every installation ships."""

from __future__ import annotations

from functools import cache


@cache
def set_up() -> None:
    """Load Django, lay the tables and the shipped knowledge. Once per run of the benches."""
    import django

    django.setup()
    from django.core.management import call_command

    from incidents.setting_up import lay_roles
    from knowledge_base.services import load_shipped_knowledge

    call_command("migrate", verbosity=0)
    lay_roles()
    load_shipped_knowledge()
