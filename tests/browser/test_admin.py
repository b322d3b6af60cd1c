"""The curator's desk in a real browser: what is edited in the admin is found by a search."""

from __future__ import annotations

import pytest

from knowledge_base import vector_index
from knowledge_base.glossary_cache import forget_glossary
from knowledge_base.models import KnowledgeDocument
from knowledge_base.vector_store.exact import ExactStore
from tests.knowledge_base.conftest import settle


@pytest.fixture(autouse=True)
def store(settings):
    settings.CHROMA_URL = ""
    forget_glossary()
    vector_index.use_store(ExactStore())
    yield
    vector_index.release_store()


class AdminEditingTests:
    def test_changes_what_a_search_finds(self, browser, portal, alice):
        document = KnowledgeDocument.objects.create(
            id="team-oom", title="Redis refuses writes", category="memory", language="en",
            symptoms=["OOM command not allowed when used memory"], root_causes=["maxmemory reached"],
        )  # fmt: skip
        settle()
        address = portal()
        page = browser.open(user=alice, address=address)
        page.goto(f"{address}/admin/knowledge_base/knowledgedocument/{document.pk}/change/")

        page.fill("#id_title", "Redis replica lags behind its master during the nightly import")
        page.get_by_role("button", name="Save and publish").click()
        page.get_by_role("button", name="Publish").click()  # it comes when the contracts have been asked
        page.wait_for_url("**/change/")
        settle()
        page.goto(f"{address}/knowledge/?q=replica+lags+behind+master+nightly+import")

        assert page.get_by_role("link", name="Redis replica lags behind its master").first.is_visible()

    def test_follows_the_theme_of_the_portal(self, browser, portal, alice):
        address = portal()
        page = browser.open(user=alice, address=address, color_scheme="light")
        page.goto(f"{address}/admin/")
        day = page.evaluate("getComputedStyle(document.body).backgroundColor")

        page.get_by_text("Account, language and theme").locator("..").click()
        page.get_by_role("button", name="Dark").click()
        page.wait_for_load_state()

        assert page.url == f"{address}/admin/"
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != day
