"""Every route with every role, and what no role may change: sessions, forms, headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from incidents import services
from incidents.closing.models import FollowUp
from incidents.collaboration.models import Comment
from incidents.diagnostics.intake import IncidentInput
from incidents.finding.models import BulkChange, SavedView
from incidents.language_model.conversations import Turn
from tests.access_table import ACCESS, ADMIN, LEVELS

PEOPLE = {"anonymous": 0, "mallory": 1, "bob": 2, "carol": 3, "alice": 4}


def routes(patterns: list[URLPattern | URLResolver], *, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, namespace=pattern.namespace or namespace)
        elif namespace != "admin":
            yield pattern.name or "", pattern


def every_route() -> list[tuple[str, URLPattern]]:
    return list(routes(get_resolver().url_patterns))


def address_of(name: str, bob: User) -> str:
    """An address of the route with objects of its own, so that one request can't spoil the next."""
    pattern = next(pattern for known, pattern in every_route() if known == name)
    wanted = set(pattern.pattern.converters)
    if not wanted:
        return reverse(name)
    return reverse(name, kwargs={key: value for key, value in objects(bob).items() if key in wanted})


def objects(bob: User) -> dict[str, object]:
    intake = IncidentInput(description="Writes fail", pasted=("used_memory:1",))
    incident = services.create_incident(intake=intake, reporter=bob, language="en")
    run = services.start_analysis(incident=incident, actor=bob)
    return {
        "incident_id": incident.pk,
        "run_id": run.pk,
        "view_id": SavedView.objects.create(owner=bob, name=f"view {incident.pk}").pk,
        "change_id": BulkChange.objects.create(actor=bob, kind="status", after="open").pk,
        "turn_id": Turn.objects.create(incident=incident, question="Why?", status="done").pk,
        "comment_id": Comment.objects.create(incident=incident, author=bob, text="Hello").pk,
        "step": "0123456789ab",
        "sequence": 1,
        "follow_up_id": FollowUp.objects.create(incident=incident, text="Write an alert").pk,
        "language": "ko",
        "ending": "md",
        "number": 1,
        "document_id": "kb-x",
        "rule_id": "mem-maxmemory-pressure",
        "name": "memory",
    }


def is_refused(answer) -> bool:
    to_login = answer.status_code == 302 and "/login/?next=" in answer["Location"]
    return answer.status_code in (401, 403) or to_login


@pytest.fixture
def people(alice, bob, carol, mallory) -> dict[str, User | None]:
    return {"anonymous": None, "mallory": mallory, "bob": bob, "carol": carol, "alice": alice}


def client_of(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


class RouteTests:
    def test_every_route_stands_in_the_table(self):
        names = {name for name, _pattern in every_route()}

        assert sorted(names - ACCESS.keys()) == []

    def test_every_row_of_the_table_is_a_route(self):
        names = {name for name, _pattern in every_route()}

        assert sorted(ACCESS.keys() - names) == []

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("who", PEOPLE)
    def test_open_to_those_it_is_meant_for_and_closed_to_the_rest(self, people, who, bob):
        wrong, client = [], client_of(people[who])
        for name, methods in ACCESS.items():
            for method, level in methods.items():
                answer = client.generic(method, address_of(name, bob), content_type="application/json")
                may = PEOPLE[who] >= LEVELS.index(level)
                if is_refused(answer) == may or answer.status_code >= 500:
                    wrong.append(f"{method} {name}: {answer.status_code}")
                if name == "logout":
                    client = client_of(people[who])

        assert wrong == []


class AdminTests:
    @pytest.mark.django_db
    @pytest.mark.parametrize("who", PEOPLE)
    def test_opens_only_what_the_role_is_for(self, people, who):
        wrong = []
        for name, level in ADMIN.items():
            answer = client_of(people[who]).get(reverse(f"admin:{name}"))
            if is_refused(answer) == (PEOPLE[who] >= LEVELS.index(level)):
                wrong.append(f"{name}: {answer.status_code}")

        assert wrong == []


@pytest.mark.django_db
class ProtectionTests:
    def test_forms_need_their_token(self, bob):
        client = Client(enforce_csrf_checks=True)
        client.force_login(bob)

        answer = client.post("/incidents/new/", {"description": "x"})

        assert answer.status_code == 403
        assert b"The form has expired" in answer.content

    def test_programs_with_a_session_need_the_token_too(self, bob):
        client = Client(enforce_csrf_checks=True)
        client.force_login(bob)

        assert client.post("/api/v1/analyze", {"pasted": "x"}, content_type="application/json").status_code == 403

    @pytest.mark.parametrize("address", ["/login/", "/incidents/", "/incidents/new/", "/api/docs/", "/admin/"])
    def test_pages_load_nothing_inline_or_from_elsewhere(self, alice, address):
        answer = client_of(alice).get(address, follow=True)
        policy = dict(
            part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";") if part.strip()
        )

        assert policy["default-src"] == "'none'"
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert policy["frame-ancestors"] == "'none'"
        page = answer.content.decode()
        if address != "/admin/":
            assert " style=" not in page
            assert "<style" not in page
            assert page.count("<script") == page.count("<script src=")

    def test_answers_to_no_other_host(self, client):
        assert client.get("/login/", headers={"Host": "evil.example"}).status_code == 400

    def test_cookies_are_out_of_reach(self, client, bob):
        from tests.conftest import PASSWORD

        answer = client.post("/login/", {"username": "bob", "password": PASSWORD})

        assert answer.status_code == 302
        assert answer.cookies["sessionid"]["httponly"]
        assert answer.cookies["sessionid"]["samesite"] == "Lax"

    def test_login_leads_nowhere_else(self, client, bob):
        from tests.conftest import PASSWORD

        answer = client.post("/login/?next=https://evil.example/", {"username": "bob", "password": PASSWORD})

        assert answer["Location"] == reverse(settings.LOGIN_REDIRECT_URL)
