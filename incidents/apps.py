from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("Incidents")

    def ready(self) -> None:
        from incidents import signals  # noqa: F401  (registers the admin, connects the receivers)
        from incidents.embedding_records import recorded
        from incidents.finding import admin as finding_admin  # noqa: F401  (registers it)
        from incidents.rule_catalogue import rule_threshold_admin  # noqa: F401  (registers the admin, connects the receivers)
        from sre_portal import checks  # noqa: F401  (registers the checks; the root package is no app of its own)
        from sre_portal.llm.watching import watch_embeddings

        watch_embeddings(recorded)
