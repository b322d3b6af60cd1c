"""A runbook on its way: written by one curator, reviewed and published by another, found by an operator."""

from __future__ import annotations

from knowledge_base.lifecycle.models import DocumentTransition
from knowledge_base.models import KnowledgeDocument

DESK = "/admin/knowledge_base/knowledgedocument/"


class LifeOfARunbookTests:
    def test_is_found_once_it_is_published_and_not_before(self, browser, portal, alice, bob, carol):
        address = portal()
        writer = browser.open(user=carol, address=address)
        writer.goto(f"{address}{DESK}add/")
        writer.fill("[name=id]", "zonk-en")
        writer.fill("[name=title]", "Zonkified replica lags behind")
        writer.select_option("[name=category]", "replication")
        writer.fill("[name=symptoms]", "the zonkified replica lags")
        writer.fill("[name=notes]", "Wait for the backlog.")
        writer.fill("[name=questions]", "why does the zonkified replica lag")
        writer.click("[name=_submit]")
        writer.fill("[name=reason]", "Seen last night.")
        writer.get_by_role("button", name="Send to review").click()
        assert writer.get_by_text("This text is in review").is_visible()
        assert search(browser, bob, address) == []

        reviewer = browser.open(user=alice, address=address)
        reviewer.goto(f"{address}{DESK}worklist/")
        reviewer.get_by_role("link", name="Zonkified replica").click()
        reviewer.get_by_role("link", name="Publish …").click()
        reviewer.get_by_text("No question loses its document.").wait_for()
        reviewer.get_by_role("button", name="Publish").click()
        reviewer.wait_for_url("**/change/")

        assert search(browser, bob, address) == ["Zonkified replica lags behind"]
        assert KnowledgeDocument.objects.get().is_published
        steps = DocumentTransition.objects.order_by("pk").values_list("step", "actor__username")
        assert list(steps) == [("submit", "carol"), ("publish", "alice")]

    def test_the_preview_follows_what_is_typed(self, browser, portal, carol):
        address = portal()
        page = browser.open(user=carol, address=address, viewport={"width": 1500, "height": 900})
        page.goto(f"{address}{DESK}add/")

        page.fill("[name=title]", "Typed just now")

        page.locator("#preview h1", has_text="Typed just now").wait_for()


def search(browser, user, address: str) -> list[str]:
    page = browser.open(user=user, address=address)
    page.goto(f"{address}/knowledge/?q=zonkified+replica+lags")
    return page.locator(".passages h2").all_inner_texts()
