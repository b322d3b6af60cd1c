"""The pages of an incident's end."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.closing import post_mortems
from incidents.closing.models import Closing, PostMortem, ReportFeedback
from knowledge_base.feedback.models import Feedback
from knowledge_base.models import KnowledgeDocument


@pytest.fixture
def page(bob):
    client = Client(headers={"accept-language": "en"})
    client.force_login(bob)
    return client


def address(incident, rest: str) -> str:
    return f"/incidents/{incident.public_id}/{rest}"


class ClosingPageTests:
    def test_closes_with_everything_that_was_typed(self, page, analysed, bob):
        incident = analysed()
        typed = {
            "resolution": "Raised maxmemory", "verified": "SET works", "diagnosis_right": "no",
            "actual_words": "A leak", "task_0": "Write an alert", "owner_0": "bob", "due_0": "2026-12-24",
        }  # fmt: skip

        answer = page.post(address(incident, "close/"), typed, follow=True)

        assert answer.redirect_chain[-1][0] == incident.get_absolute_url()
        closing = Closing.objects.get()
        assert (closing.resolution, closing.actual_words) == ("Raised maxmemory", "A leak")
        assert incident.follow_ups.get().owner == bob
        assert b"Write an alert" in answer.content
        assert b"It was wrong" in answer.content

    def test_forgets_another_cause_when_the_diagnosis_was_right(self, page, analysed):
        incident = analysed()

        page.post(address(incident, "close/"), {"diagnosis_right": "yes", "actual_words": "left over"})

        assert Closing.objects.get().actual_words == ""

    def test_keeps_what_was_typed_when_a_date_is_wrong(self, page, analysed):
        incident = analysed()

        answer = page.post(address(incident, "close/"), {"resolution": "Typed for long", "due_0": "tomorrow"})

        assert answer.status_code == 422
        assert b"Typed for long" in answer.content
        assert not Closing.objects.exists()

    def test_offers_what_was_said_before(self, page, analysed):
        incident = analysed()
        page.post(address(incident, "close/"), {"resolution": "Raised maxmemory"})

        assert b"Raised maxmemory</textarea>" in page.get(address(incident, "close/")).content

    def test_reopens(self, page, analysed):
        incident = analysed()
        page.post(address(incident, "close/"), {"resolution": "x"})

        answer = page.post(address(incident, "reopen/"), {"reason": "Back again"}, follow=True)

        assert b"Back again" in answer.content
        incident.refresh_from_db()
        assert incident.status == "investigating"

    def test_ticks_tasks(self, page, analysed):
        incident = analysed()
        page.post(address(incident, "follow-ups/"), {"text": "Write an alert"})
        task = incident.follow_ups.get()

        page.post(address(incident, f"follow-ups/{task.pk}/"), {"done": "1"})

        task.refresh_from_db()
        assert task.done_at is not None

    def test_says_what_is_wrong_with_a_task(self, page, analysed):
        answer = page.post(address(analysed(), "follow-ups/"), {"text": ""}, follow=True)

        assert b"A task needs a few words" in answer.content


class FileTests:
    @pytest.mark.parametrize(
        ("ending", "kind"), [("md", "text/markdown"), ("html", "text/html"), ("pdf", "application/pdf")]
    )
    def test_are_offered_as_downloads(self, page, analysed, ending, kind):
        answer = page.get(address(analysed(), f"report.{ending}?language=ko"))

        assert answer["Content-Type"].startswith(kind)
        assert answer["Content-Disposition"].endswith(f'-report-ko.{ending}"')

    def test_there_is_no_other_kind(self, page, analysed):
        assert page.get(address(analysed(), "report.docx")).status_code == 404


class PostMortemPageTests:
    @pytest.fixture
    def begun(self, analysed, bob) -> PostMortem:
        return post_mortems.start_post_mortem(incident=analysed(), language="en", actor=bob)

    def test_begins_filled_in_and_shows_its_graph(self, page, analysed):
        incident = analysed()
        assert b"Nothing is written" in page.get(address(incident, "post-mortem/en/")).content

        page.post(address(incident, "post-mortem/en/start/"))
        shown = page.get(address(incident, "post-mortem/en/"))

        assert b"<svg" in shown.content
        assert b"Root cause" in shown.content

    def test_shows_no_markup_of_people_as_html(self, page, begun, bob):
        body = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
        post_mortems.save_post_mortem(post_mortem=begun, body=body, seen=1, actor=bob)

        shown = page.get(address(begun.incident, "post-mortem/en/")).content.decode()

        assert "<img" not in shown
        assert 'href="javascript' not in shown

    def test_saves_and_counts_versions(self, page, begun):
        page.post(address(begun.incident, "post-mortem/en/edit/"), {"body": "# New", "seen": 1, "note": "Shorter"})

        begun.refresh_from_db()
        assert (begun.body, begun.version) == ("# New\n", 2)
        history = page.get(address(begun.incident, "post-mortem/en/history/"))
        assert b"Shorter" in history.content

    def test_loses_nobodys_words_when_two_edit(self, page, begun, carol):
        post_mortems.save_post_mortem(post_mortem=begun, body="# Carol's", seen=1, actor=carol)

        answer = page.post(address(begun.incident, "post-mortem/en/edit/"), {"body": "# Bob's", "seen": 1})

        assert answer.status_code == 409
        assert b"carol saved version 2" in answer.content
        assert b"# Bob&#x27;s" in answer.content
        assert b"# Carol&#x27;s" in answer.content
        begun.refresh_from_db()
        assert begun.body == "# Carol's\n"

    def test_saves_after_the_conflict_was_read(self, page, begun, carol):
        post_mortems.save_post_mortem(post_mortem=begun, body="# Carol's", seen=1, actor=carol)

        page.post(address(begun.incident, "post-mortem/en/edit/"), {"body": "# Both", "seen": 2})

        begun.refresh_from_db()
        assert (begun.body, begun.version) == ("# Both\n", 3)

    def test_brings_a_version_back(self, page, begun, bob):
        first = begun.body
        post_mortems.save_post_mortem(post_mortem=begun, body="# Gone wrong", seen=1, actor=bob)

        page.post(address(begun.incident, "post-mortem/en/history/1/restore/"))

        begun.refresh_from_db()
        assert (begun.body, begun.version) == (first, 3)

    def test_keeps_what_was_typed_when_it_is_too_long(self, page, begun):
        answer = page.post(address(begun.incident, "post-mortem/en/edit/"), {"body": "x" * 100_001, "seen": 1})

        assert answer.status_code == 422
        assert b"x" * 1000 in answer.content

    @pytest.mark.parametrize("rest", ["post-mortem/fr/", "post-mortem/ko/edit/", "post-mortem/en/history/?version=99"])
    def test_there_is_nothing_elsewhere(self, page, begun, rest):
        assert page.get(address(begun.incident, rest)).status_code == 404

    @pytest.mark.parametrize("ending", ["md", "html", "pdf"])
    def test_can_be_taken_away(self, page, begun, ending):
        assert page.get(address(begun.incident, f"post-mortem/en/post-mortem.{ending}")).status_code == 200


class FeedbackTests:
    @pytest.fixture
    def cited(self, analysed):
        """An incident whose report cites a document."""
        document = KnowledgeDocument.objects.create(id="kb-oom", title="OOM", category="memory")
        incident = analysed()
        run = incident.latest_run
        run.result = {**run.result, "references": [{"id": document.pk, "title": "OOM", "score": 0.8}]}
        run.save()
        return incident

    def test_on_a_report_counts_a_little_for_what_it_cites(self, page, cited, bob):
        page.post(address(cited, "feedback/"), {"verdict": "helped"})

        assert ReportFeedback.objects.get().user == bob
        assert Feedback.objects.get().weight == 0.25

    def test_on_a_document_counts_whole(self, page, cited):
        page.post(address(cited, "feedback/"), {"verdict": "wrong", "why": "Old command", "document": "kb-oom"})

        given = Feedback.objects.get()
        assert (given.verdict, given.weight, given.occasion) == ("wrong", 1.0, cited.public_id)

    def test_can_be_taken_back(self, page, cited):
        for verdict in ("helped", "withdraw"):
            page.post(address(cited, "feedback/"), {"verdict": verdict, "document": "kb-oom"})
            page.post(address(cited, "feedback/"), {"verdict": verdict})

        assert not Feedback.objects.counted().exists()
        assert ReportFeedback.objects.get().withdrawn_at is not None

    def test_wants_a_reason_for_wrong(self, page, cited):
        answer = page.post(address(cited, "feedback/"), {"verdict": "wrong"})

        assert answer.status_code == 422
        assert b"what is wrong" in answer.content

    def test_is_refused_for_a_document_that_the_report_does_not_cite(self, page, cited):
        KnowledgeDocument.objects.create(id="kb-other", title="Other", category="memory")

        answer = page.post(address(cited, "feedback/"), {"verdict": "helped", "document": "kb-other"})

        assert answer.status_code == 404
        assert not Feedback.objects.exists()

    def test_answers_htmx_with_the_part_alone(self, page, cited):
        answer = page.post(address(cited, "feedback/"), {"verdict": "helped"}, headers={"HX-Request": "true"})

        assert b"<html" not in answer.content
        assert b"Take back" in answer.content


class OnTheDocumentsPageTests:
    def test_people_say_what_they_think_and_curators_read_why(self, page, carol):
        KnowledgeDocument.objects.create(id="kb-oom", title="OOM", category="memory")

        page.post("/knowledge/kb-oom/feedback/", {"verdict": "wrong", "why": "Old command"})

        assert b"What people say" not in page.get("/knowledge/kb-oom/").content
        curator = Client(headers={"accept-language": "en"})
        curator.force_login(carol)
        shown = curator.get("/knowledge/kb-oom/").content
        assert b"Old command" in shown
        assert "−0.01" in shown.decode()

    def test_settling_in_the_admin_ends_its_effect(self, page, carol):
        document = KnowledgeDocument.objects.create(id="kb-oom", title="OOM", category="memory")
        page.post("/knowledge/kb-oom/feedback/", {"verdict": "wrong", "why": "Old command"})
        curator = Client()
        curator.force_login(carol)

        curator.post(
            "/admin/knowledge_base/feedback/",
            {"action": "settle", "_selected_action": [Feedback.objects.get().pk]},
        )  # fmt: skip

        document.refresh_from_db()
        assert document.feedback_tally.shift == 0


class ReliabilityPageTests:
    def test_draws_all_and_each_category(self, carol, analysed, page):
        incident = analysed()
        page.post(address(incident, "close/"), {"resolution": "x", "diagnosis_right": "yes"})
        curator = Client(headers={"accept-language": "en"})
        curator.force_login(carol)

        shown = curator.get("/admin/incidents/closing/reliability/").content

        assert shown.count(b'<svg class="figure"') == 2
        assert b"Too few outcomes" in shown

    def test_the_command_says_the_same(self, capsys, analysed, page):
        from django.core.management import call_command

        call_command("reliability")
        assert "No incident was closed" in capsys.readouterr().out

        page.post(address(analysed(), "close/"), {"resolution": "x", "diagnosis_right": "no"})
        call_command("reliability", "--category", "memory")
        assert "right 0.00 of 1" in capsys.readouterr().out
