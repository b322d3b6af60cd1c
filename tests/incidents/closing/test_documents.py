"""Reports and post-mortems as files: what stands in them, in both languages, and that nothing hostile gets through."""

from __future__ import annotations

import re
import zlib

import pytest
from django.utils import timezone

from incidents.closing.documents import markup
from incidents.closing.documents.building import Document, post_mortem_text, report_document
from incidents.closing.documents.pdf_fonts import PLAIN, known, marked_up
from incidents.closing.documents.shapes import Box, Dot, Figure, Label, Line, as_svg
from incidents.closing.documents.writing import write
from incidents.closing.services import Answers, Task, close_incident

HOSTILE = "<script>alert(1)</script> [click](http://evil.example) | `x` ![a](http://evil.example/a.png)"
SECOND = """# Server
redis_version:7.2.4
uptime_in_seconds:1000
# Clients
connected_clients:{clients}
maxclients:10000
# Memory
used_memory:{used}
maxmemory:1073741824
maxmemory_policy:noeviction
"""
TWO_SAMPLES = (
    SECOND.format(clients=100, used=900_000_000) + "\n"
    + SECOND.format(clients=300, used=1_000_000_000).replace("uptime_in_seconds:1000", "uptime_in_seconds:1600")
)  # fmt: skip


def file_of(incident, ending: str, language: str = "en") -> str:
    return write(report_document(incident, language=language), ending).decode("utf-8", "replace")


def drawing() -> Figure:
    shapes = (Line(0, 0, 9, 9), Dot(5, 5, 2, hollow=True), Box(1, 1, 2, 2, "high"), Label(1, 9, "장애 <b>"))
    return Figure("timeline", "경과", "두 순간", 100, 40, shapes)


class ReportTests:
    def test_tells_in_markdown_what_the_page_tells(self, analysed):
        incident = analysed()

        text = file_of(incident, "md")

        assert text.startswith(f"# Incident report: {incident.title}")
        assert incident.public_id in text
        for heading in ("## Summary", "## Root cause", "## What to do", "## Findings", "## Hypotheses"):
            assert heading in text
        assert "redis-cli" in text

    def test_is_written_in_the_language_asked_for_whatever_the_report_was_in(self, analysed):
        incident = analysed("쓰기 실패", language="ko")

        korean, english = file_of(incident, "md", "ko"), file_of(incident, "md", "en")

        assert "## 근본 원인" in korean
        assert "## Root cause" in english
        assert re.search(r"[가-힣]", english.replace(incident.title, "").replace("쓰기 실패", "")) is None

    def test_leaves_out_headings_without_content(self, analysed):
        text = file_of(analysed(), "md")

        assert not re.search(r"^#+ [^\n]+\n+(?=## |\Z)", text, re.MULTILINE)
        assert "$" not in re.sub(r"`[^`]*`", "", text)

    def test_needs_nothing_from_elsewhere_as_html(self, analysed):
        page = file_of(analysed(), "html")

        assert page.startswith("<!doctype html>")
        assert "default-src 'none'" in page
        assert not re.search(r"""(src|href)=["']?https?:|url\(|@import|<script|<link""", page)

    @pytest.mark.parametrize("ending", ["md", "html"])
    def test_quotes_what_is_hostile(self, analysed, ending):
        incident = analysed(HOSTILE, title=HOSTILE)

        text = file_of(incident, ending)

        assert "<script>alert" not in text.replace("\\<script", "")
        assert "href" not in text.replace("href=&", "") or "evil.example" not in re.sub(r">[^<]*<", "><", text)

    def test_draws_what_moved_between_two_samples(self, analysed):
        incident = analysed(pasted=TWO_SAMPLES)

        page, text = file_of(incident, "html"), file_of(incident, "md")

        assert page.count("<svg") == 2
        assert "connected_clients" in text
        assert "+200%" in text

    def test_works_without_an_analysis(self, bob):
        from incidents.models import Incident

        incident = Incident.objects.create(title="Only a word", reporter=bob)

        assert "has not been analysed" in file_of(incident, "md")
        assert write(report_document(incident, language="ko"), "pdf").startswith(b"%PDF")


class PostMortemTextTests:
    def test_is_filled_in_from_everything_that_is_known(self, analysed, bob):
        incident = analysed()
        tasks = [Task("Alert at 80 %", owner=bob)]
        answers = Answers(
            "Raised maxmemory", "SET works", "Plan capacity", "partly", actual_words="A leak", tasks=tasks
        )
        close_incident(incident=incident, answers=answers, actor=bob)
        incident.refresh_from_db()

        text = post_mortem_text(incident, language="en")

        for said in ("Raised maxmemory", "SET works", "Plan capacity", "A leak", "Alert at 80 %", "To be filled in"):
            assert said in text
        assert "](figure:timeline)" in text

    def test_tells_the_steps_that_people_ticked(self, analysed, bob):
        incident = analysed()
        step = {"run": incident.latest_run, "step": "abc", "title": "Raise `maxmemory`", "done_by": bob}
        incident.ticks.create(**step, done_at=timezone.now())

        assert "bob: Raise `maxmemory`" in post_mortem_text(incident, language="en")

    def test_asks_in_korean(self, analysed):
        text = post_mortem_text(analysed("쓰기 실패", language="ko"), language="ko")

        assert text.startswith("# 사후 분석 보고서: 쓰기 실패")
        assert "작성 필요" in text


class PdfTests:
    def document(self, body: str, language: str = "ko") -> Document:
        return Document("x", "장애 보고서", language, body, {"timeline": drawing()})

    def test_embeds_only_the_characters_that_it_uses(self):
        small = write(self.document("# 장애"), "pdf")

        assert small.startswith(b"%PDF")
        assert len(small) < 60_000
        assert b"/FontFile2" in small
        assert b"/Lang" in small

    def test_holds_text_that_can_be_copied(self):
        pdf = write(self.document("메모리 한도 도달"), "pdf")

        maps = b"".join(_streams(pdf))

        assert b"beginbfchar" in maps or b"beginbfrange" in maps
        assert f"<{ord('메'):04X}>".encode() in maps.upper()

    @pytest.mark.parametrize(
        "body",
        [
            "", "plain", "- a\n  - b\n    1. c", "> quote", "```\nx  <y>\n" + "z" * 400 + "\n```", "a\n\n---\n\nb",
            "| a | b |\n| --- | --- |\n| " + "word " * 2000 + " | x |", "| a |\n| --- |\n| " + "w" * 9000 + " |",
            "![x](figure:timeline)\n\n![y](figure:nothing)", "**b *i `c`***", HOSTILE, "😀 emoji and \x07 bell, 漢字",
            "[a](https://example.com/?a=1&b=2)", "[a](javascript:alert(1))", "#" * 50, "<b><p></table>", "1\\. x",
        ],
    )  # fmt: skip
    def test_can_be_made_of_anything(self, body):
        assert write(self.document(body), "pdf").startswith(b"%PDF")

    def test_shows_a_backslash_as_a_backslash(self):
        assert marked_up("a\\b", PLAIN) == 'a<font name="Helvetica">\\</font>b'

    def test_marks_what_no_font_has(self):
        assert known("ok 😀", PLAIN) == "ok □"
        assert known("2.8µs 漢字", PLAIN) == "2.8μs 漢字"


class MarkupTests:
    @pytest.mark.parametrize(
        "text", ["*a*", "[x](http://e)", "`c`", "a | b", "# not a heading", "1. no list", "- no", "<i>"]
    )
    def test_quotes_words_so_that_they_read_as_they_were(self, text):
        from html import unescape

        html = markup.to_html(markup.plain(text))

        assert unescape(re.sub(r"<[^>]+>", "", html)).strip() == text
        assert html.startswith("<p>")

    @pytest.mark.parametrize("text", ["a`b", "``", "`", "x``y`z"])
    def test_fences_code_whatever_it_holds(self, text):
        from html import unescape

        found = re.search(r"<code>(.*?)</code>", markup.to_html(markup.code(text)))

        assert found is not None
        assert unescape(found[1]) == text

    def test_keeps_code_of_a_report_but_no_link(self):
        html = markup.to_html(markup.light("use `a[0]` not [x](http://evil.example)"))

        assert "<code>a[0]</code>" in html
        assert "<a" not in html

    def test_lets_people_link(self):
        assert 'href="https://wiki.example/x"' in markup.to_html("[wiki](https://wiki.example/x)")
        assert "javascript" not in markup.to_html("[x](javascript:alert(1))").replace("(javascript", "")

    def test_escapes_in_drawings(self):
        assert "장애 &lt;b&gt;" in as_svg(drawing())
        assert "style=" not in as_svg(drawing())


def _streams(pdf: bytes):
    import base64

    for found in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        raw = found[1].strip()
        try:
            yield zlib.decompress(base64.a85decode(raw.removesuffix(b"~>")))
        except (ValueError, zlib.error):
            try:
                yield zlib.decompress(raw)
            except zlib.error:
                yield raw


def test_times_are_the_portals():
    from incidents.closing.documents.figures import clock

    assert clock(timezone.now()).startswith(f"{timezone.localtime():%Y-%m-%d}")
