"""Words, lists and figures on a real PostgreSQL, in a process of its own that has it as its database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.knowledge_base.postgres import postgres_url as postgres_url

pytestmark = pytest.mark.real_postgres

PROBE = """
import json
import django
django.setup()
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.utils import timezone
call_command("migrate", verbosity=0)
from incidents import services
from incidents.dashboard.figures import figures
from incidents.dashboard.periods import Period
from incidents.diagnostics.intake import IncidentInput
from incidents.finding.filters import IncidentFilter
from incidents.finding.listing import page_of
from incidents.finding.matching import best_matches
from incidents.finding.models import IncidentTrait
from incidents.finding.similar import similar_to
from incidents.models import Incident
from knowledge_base.titles import documents_by_title

alice = User.objects.create_superuser("alice")
def report(text, pasted="lemongrass"):
    intake = IncidentInput(description=text, pasted=(pasted,))
    return services.create_incident(intake=intake, reporter=alice, language="en")
one, two = report("결제 세션을 저장하지 못합니다", "cardamom's log"), report("Replicas are failing over")
now = timezone.now()
Incident.objects.update(created_at=now - timedelta(hours=2), diagnosed_at=now - timedelta(hours=1))
for incident in (one, two):
    IncidentTrait.objects.create(incident=incident, kind="cause", name="c", at=now - timedelta(hours=2))
asked = ("세션", "cardam", "failed replica", "세", "it's '", "lemongrass")
found = {words: best_matches(words, limit=5) for words in asked}
listed = page_of(alice, IncidentFilter.of(QueryDict("q=세션&status=open&cause=c")), number=None)
told = figures(Period.named("30d", now=now))
print("RESULT" + json.dumps({
    "vendor": connection.vendor, "found": found, "one": one.pk, "two": two.pk, "listed": listed.total,
    "median": told.diagnosis.whole.median, "parts": [part.count for part in told.diagnosis.parts],
    "causes": [(row.id, row.count) for row in told.causes], "similar": len(similar_to(one)),
    "titles": len(documents_by_title("x", ("maxmemori",), "evic", limit=3)),
}))
"""


@pytest.fixture(scope="module")
def result(postgres_url: str) -> dict[str, Any]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sre_portal.settings", "DATABASE_URL": postgres_url}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    answer: dict[str, Any] = json.loads(done.stdout.rpartition("RESULT")[2])
    return answer


class OnPostgresqlTests:
    def test_words_are_found_in_both_languages(self, result):
        assert result["vendor"] == "postgresql"
        assert result["found"]["세션"] == result["found"]["세"] == result["found"]["cardam"] == [result["one"]]
        assert result["found"]["failed replica"] == [result["two"]]
        assert result["found"]["lemongrass"] == [result["two"]]

    def test_lists_and_figures_are_the_same(self, result):
        assert result["listed"] == 1
        assert round(result["median"]) == 3600
        assert result["parts"][-1] == 2
        assert result["causes"] == [["c", 2]]
        assert result["similar"] == 1
