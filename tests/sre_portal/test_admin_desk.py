"""The admin's first page tells what waits, to each as much as they may see."""

from __future__ import annotations

import pytest
from django.test import Client

from knowledge_base.models import KnowledgeDocument
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


def page_of(user) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/admin/", headers={"accept-language": "en"}).content.decode()


class TheDeskTests:
    def test_counts_what_waits_for_a_reviewer(self, alice):
        KnowledgeDocument.objects.create(id="waits", title="Waits", category="memory", status="in_review")

        page = page_of(alice)

        assert "wait for a reviewer" in page

    def test_shows_a_curator_no_card_of_an_administrator(self, carol):
        page = page_of(carol)

        assert "In review" in page
        assert "Model cost" not in page

    def test_is_closed_to_an_operator(self, bob):
        client = Client()
        client.force_login(bob)

        assert client.get("/admin/").status_code == 302

    def test_leaves_out_knowledge_for_staff_who_may_not_edit_it(self):
        page = page_of(make_person("dora", role="operator", is_staff=True))

        assert "Open incidents" in page
        assert "In review" not in page
