from __future__ import annotations

import pytest

from knowledge_base.rendering import render_line, render_markdown

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact")]

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) `code`"


class SearchPageTests:
    def test_shows_passages_with_their_place_and_reasons(self, client, bob, make_document):
        make_document("oom")
        client.force_login(bob)

        page = client.get("/knowledge/", {"q": "메모리 한도 때문에 쓰기가 거부됩니다"}).content.decode()

        assert "/knowledge/oom/" in page
        assert "<html" in page

    def test_gives_htmx_just_the_results(self, client, bob, make_document):
        make_document("oom")
        client.force_login(bob)

        page = client.get("/knowledge/", {"q": "OOM command not allowed"}, headers={"HX-Request": "true"})

        assert "<html" not in page.content.decode()
        assert "/knowledge/oom/" in page.content.decode()

    def test_says_that_nothing_here_answers(self, client, bob, make_document):
        make_document("oom")
        client.force_login(bob)

        page = client.get("/knowledge/", {"q": "내일 서울 날씨"}).content.decode()

        assert "/knowledge/oom/" not in page

    def test_lists_the_documents_while_nothing_is_asked(self, client, bob, make_document):
        make_document("oom")
        make_document("draft", status="draft")
        client.force_login(bob)

        page = client.get("/knowledge/").content.decode()

        assert "/knowledge/oom/" in page
        assert "/knowledge/draft/" not in page

    def test_survives_odd_parameters(self, client, bob):
        client.force_login(bob)

        for query in ({"q": "x" * 30_000}, {"category": "nope"}, {"q": "\x00"}, {"version": "9" * 99}):
            assert client.get("/knowledge/", query).status_code == 200


class DocumentPageTests:
    def test_shows_every_section_sanitised(self, client, bob, make_document):
        make_document("oom", symptoms=[HOSTILE], notes=HOSTILE, prevention=["**bold**"])
        client.force_login(bob)

        page = client.get("/knowledge/oom/").content.decode()

        assert "alert(1)</script>" not in page
        assert "&lt;script&gt;alert(1)" in page  # read as words
        assert "<img" not in page
        assert 'href="javascript:' not in page
        assert "<strong>bold</strong>" in page
        assert "redis-cli INFO memory" in page

    def test_keeps_the_placeholders_of_commands(self, client, bob, make_document):
        make_document("oom", notes="Run redis-cli -h <host> INFO there.")
        client.force_login(bob)

        assert "redis-cli -h &lt;host&gt; INFO" in client.get("/knowledge/oom/").content.decode()

    def test_hides_a_draft_from_operators(self, client, bob, carol, make_document):
        make_document("draft", status="draft")
        client.force_login(bob)
        assert client.get("/knowledge/draft/").status_code == 404

        client.force_login(carol)
        assert client.get("/knowledge/draft/").status_code == 200

    def test_needs_a_role(self, client, mallory, make_document):
        make_document("oom")
        assert client.get("/knowledge/oom/").status_code == 302

        client.force_login(mallory)
        assert client.get("/knowledge/oom/").status_code == 403
        assert client.get("/knowledge/").status_code == 403


class RenderingTests:
    def test_takes_the_paragraph_off_a_single_line(self):
        assert render_line("a `b`") == "a <code>b</code>"

    def test_keeps_fenced_code_as_it_is(self):
        assert "&lt;host&gt;" in render_markdown("```sh\nredis-cli -h <host>\n```")
