"""Analysts' words as HTML: readable, and harmless whatever they hold."""

from __future__ import annotations

import pytest

from incidents.prose import render


class RenderTests:
    def test_draws_lists_that_stand_right_under_a_sentence(self):
        html = render("Evidence:\n- one\n- two\nAfterwards.")

        assert html.count("<li>") == 2
        assert html.rstrip().endswith("<p>Afterwards.</p>")

    def test_keeps_field_names_whole(self):
        assert "used_memory_rss_human" in render("used_memory_rss_human grew")

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[click](javascript:alert(1))",
            "![x](http://evil.example/x.png)", "<http://evil.example>", "[a]: http://evil.example\n[a]",
            "<a href='http://evil.example'>x</a>", "`<b>`", "&lt;script&gt;", "<iframe src=//evil.example>",
        ],
    )  # fmt: skip
    def test_makes_no_link_no_image_and_no_foreign_tag(self, text):
        html = render(text)

        for part in ("<script", "<img", "<a ", "<a>", "<iframe"):
            assert part not in html

    def test_shows_markup_of_evidence_as_text(self):
        assert "&lt;b&gt;" in render("a key named <b>")
