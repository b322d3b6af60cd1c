"""Comments: said, edited, deleted; who hears of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from incidents import services
from incidents.collaboration import services as team
from incidents.collaboration.models import Comment, Notice, Watch
from incidents.collaboration.timeline import timeline_of
from incidents.diagnostics.intake import IncidentInput


@pytest.fixture
def incident(bob):
    return services.create_incident(intake=IncidentInput(description="Writes fail"), reporter=bob, language="en")


def reasons(user) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("reason", flat=True))


@pytest.mark.django_db
class AddCommentTests:
    def test_stands_in_the_timeline(self, incident, bob):
        team.add_comment(incident=incident, author=bob, text="  restarted it \r\n")

        entry = timeline_of(incident)[-1]
        assert (entry.kind, entry.actor, entry.comment.text) == ("commented", "bob", "restarted it")

    def test_tells_watchers_and_those_it_names_but_not_its_author(self, incident, bob, carol, alice):
        team.watch(incident=incident, user=alice, is_on=True)

        team.add_comment(incident=incident, author=bob, text="@carol님 확인 부탁드립니다 @bob")

        assert (reasons(bob), reasons(carol), reasons(alice)) == ([], ["mentioned"], ["watching"])

    def test_has_those_watch_who_are_named_unless_they_said_no(self, incident, bob, carol, alice):
        team.watch(incident=incident, user=alice, is_on=False)

        team.add_comment(incident=incident, author=bob, text="@carol @alice")

        watching = Watch.objects.filter(is_on=True).values_list("user__username", flat=True)
        assert set(watching) == {"bob", "carol"}
        assert reasons(alice) == ["mentioned"]

    @pytest.mark.parametrize(
        ("text", "error"), [(" \r\n ", team.EmptyComment), ("x" * 10_001, team.CommentTooLong)]
    )  # fmt: skip
    def test_has_limits(self, incident, bob, text, error):
        with pytest.raises(error):
            team.add_comment(incident=incident, author=bob, text=text)

    def test_is_slowed_down_when_somebody_floods(self, incident, bob):
        now = timezone.now()
        for number in range(team.COMMENTS_PER_MINUTE):
            team.add_comment(incident=incident, author=bob, text=f"n {number}", clock=lambda: now)

        with pytest.raises(team.TooManyComments):
            team.add_comment(incident=incident, author=bob, text="one more", clock=lambda: now)
        team.add_comment(incident=incident, author=bob, text="later", clock=lambda: now + timedelta(minutes=2))


@pytest.mark.django_db
class EditCommentTests:
    def test_keeps_the_text_before(self, incident, bob):
        comment = team.add_comment(incident=incident, author=bob, text="one")

        team.edit_comment(comment=comment, actor=bob, text="two")

        assert [revision.text for revision in comment.revisions.all()] == ["one"]
        change = incident.changes.get(kind="comment_edited")
        assert (change.before, change.after) == ("one", "two")

    def test_calls_only_those_who_are_newly_named(self, incident, bob, carol, alice):
        comment = team.add_comment(incident=incident, author=bob, text="@carol")

        team.edit_comment(comment=comment, actor=bob, text="@carol @alice")

        assert (reasons(carol), reasons(alice)) == (["mentioned"], ["mentioned"])

    def test_is_for_its_author_alone(self, incident, bob, carol):
        comment = team.add_comment(incident=incident, author=bob, text="one")

        for act in (
            lambda: team.edit_comment(comment=comment, actor=carol, text="x"),
            lambda: team.delete_comment(comment=comment, actor=carol),
        ):
            with pytest.raises(PermissionDenied):
                act()

    def test_overwrites_nothing_unseen(self, incident, bob):
        comment = team.add_comment(incident=incident, author=bob, text="one")
        team.edit_comment(comment=comment, actor=bob, text="two", seen="one")

        with pytest.raises(team.CommentChanged) as raised:
            team.edit_comment(comment=comment, actor=bob, text="three", seen="one")

        assert raised.value.comment.text == "two"

    def test_keeps_the_place_of_a_deleted_one(self, incident, bob, carol):
        comment = team.add_comment(incident=incident, author=bob, text="@carol secret")

        team.delete_comment(comment=comment, actor=bob)

        assert timeline_of(incident)[-1].comment.text == ""
        assert Comment.objects.get().text == "@carol secret"
        assert not Notice.objects.filter(user=carol, is_unread=True).exists()


@pytest.mark.django_db
class CommentPageTests:
    @pytest.fixture
    def portal(self, client, bob):
        client.force_login(bob)
        return client

    def test_works_without_javascript(self, portal, incident):
        answer = portal.post(f"{incident.get_absolute_url()}comments/", {"text": "from a **form**"}, follow=True)

        assert "from a <strong>form</strong>" in answer.content.decode()
        assert answer.redirect_chain[-1][0].endswith(f"#comment-{Comment.objects.get().pk}")

    def test_keeps_what_was_typed_when_it_is_refused(self, portal, incident):
        answer = portal.post(f"{incident.get_absolute_url()}comments/", {"text": "가" * 10_001})

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "A comment may have 10000 characters; this one has 10001." in page
        assert "가" * 10_001 in page

    def test_shows_both_texts_when_two_editors_meet(self, portal, incident, bob):
        comment = team.add_comment(incident=incident, author=bob, text="one")
        team.edit_comment(comment=comment, actor=bob, text="theirs")

        answer = portal.post(f"{comment.get_absolute_url()}edit/", {"text": "mine", "seen": "one"})

        page = answer.content.decode()
        assert answer.status_code == 409
        assert "mine</textarea>" in page
        assert '<pre class="version">theirs</pre>' in page
        assert portal.post(f"{comment.get_absolute_url()}edit/", {"text": "mine", "seen": "theirs"}).status_code == 302

    def test_escapes_hostile_words_everywhere(self, portal, incident, bob):
        hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        comment = team.add_comment(incident=incident, author=bob, text=hostile)
        team.edit_comment(comment=comment, actor=bob, text=hostile + " again")
        services.edit_details(incident=incident, actor=bob, title=hostile, description=hostile)

        base = incident.get_absolute_url()
        for address in (base, f"{base}timeline/", f"{base}handover/", f"{comment.get_absolute_url()}history/",
                        f"{comment.get_absolute_url()}edit/", f"{base}edit/", "/activity/"):  # fmt: skip
            page = portal.get(address).content.decode()
            assert "<script>alert" not in page, address
            assert "<img src=x" not in page, address

    def test_a_shared_link_leads_to_the_comment_however_far_down(self, portal, incident, bob):
        comment = team.add_comment(incident=incident, author=bob, text="the first")
        Comment.objects.update(created_at=timezone.now() - timedelta(hours=1))
        for number in range(60):
            services.edit_details(incident=incident, actor=bob, title=f"title {number}")

        answer = portal.get(comment.get_absolute_url(), follow=True)

        assert f'id="comment-{comment.pk}"' in answer.content.decode()
        assert f'id="comment-{comment.pk}"' not in portal.get(incident.get_absolute_url()).content.decode()
