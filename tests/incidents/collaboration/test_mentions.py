"""Names behind an @, with what Korean attaches to them, and the HTML that a comment becomes."""

from __future__ import annotations

import pytest

from incidents.collaboration.markdown import render
from incidents.collaboration.mentions import mentioned_in, named_by
from tests.conftest import make_person

KNOWN = {"bob", "kim.cs", "kim_cs", "김철수", "ops@corp.example"}


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("bob", "bob"), ("bob님", "bob"), ("bob이", "bob"), ("bob님께서는", "bob"), ("bob에게", "bob"), ("bob.", "bob"),
        ("bob-확인", "bob"), ("kim.cs님이", "kim.cs"), ("kim_cs", "kim_cs"), ("김철수", "김철수"),
        ("김철수님", "김철수"), ("김철수님께서는", "김철수"), ("김철수가", "김철수"),
        ("ops@corp.example님", "ops@corp.example"),
        ("bobby", None), ("bob.smith", None), ("bob_x", None), ("김철수진", None), ("nobody", None),
    ],
)  # fmt: skip
def test_a_name_ends_where_an_ending_begins(token, name):
    assert named_by(token, KNOWN) == name


@pytest.mark.django_db
class MentionedTests:
    def test_finds_people_once_in_their_order(self, bob, carol):
        assert mentioned_in("@carol님, @bob이 봤어요. @carol 확인 부탁") == [carol, bob]

    def test_leaves_names_of_nobody_and_of_strangers_as_text(self, bob, mallory):
        assert mentioned_in("@mallory @nobody a@bob x.@bob") == []

    def test_does_not_look_into_code(self, bob):
        assert mentioned_in("`@bob`\n```\n@bob\n```") == []

    def test_knows_korean_user_names(self):
        person = make_person("김철수", role="operator")

        assert mentioned_in("@김철수님께서는 확인하셨나요?") == [person]


class RenderTests:
    def test_sets_people_off_and_keeps_what_follows_the_name(self):
        assert render("@bob님 확인", ("bob",)) == '<p><span class="mention">@bob</span>님 확인</p>'

    def test_leaves_unknown_names_alone(self):
        assert render("@nobody", ("bob",)) == "<p>@nobody</p>"

    def test_links_addresses_without_the_sentence_around_them(self):
        html = render("see https://example.org/a_b_c?x=1.")

        assert '<a href="https://example.org/a_b_c?x=1" rel="nofollow noopener noreferrer">' in html
        assert html.endswith("</a>.</p>")

    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "![x](https://evil/x.png)",
            "<a href='https://x' onclick='alert(1)'>x</a>", "`<script>`", "```\n</code><script>\n```",
            "<svg/onload=alert(1)>", "@<script>", "[@bob](vbscript:x)", "&lt;script&gt;", "<style>*{}</style>",
            "https://x.example/\"onmouseover=\"alert(1)", "[x]( https://x.example 'a\" onclick=\"b' )",
        ],
    )  # fmt: skip
    def test_makes_nothing_that_acts_of_hostile_text(self, hostile):
        import xml.etree.ElementTree as ElementTree

        tree = ElementTree.fromstring(f"<x>{render(hostile, ('bob',))}</x>")

        for element in tree.iter():
            assert element.tag not in ("script", "img", "svg", "style", "iframe")
            assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
            assert element.attrib.get("href", "https:").startswith(("http:", "https:"))
