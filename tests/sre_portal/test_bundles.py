"""Stylesheets that are joined: whole, found by their name, and few on every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import reverse

from sre_portal.bundles import BundleFinder

SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)"')


@pytest.mark.parametrize("name", settings.STATIC_BUNDLES)
def test_holds_its_parts_in_their_order(name):
    joined = Path(finders.find(name)).read_text(encoding="utf-8")

    places = [
        joined.index(Path(finders.find(part)).read_text(encoding="utf-8")) for part in settings.STATIC_BUNDLES[name]
    ]
    assert places == sorted(places)


def test_follows_a_change_of_a_part(tmp_path, settings):
    part = tmp_path / "css" / "part.css"
    part.parent.mkdir()
    part.write_text("a { color: red }", encoding="utf-8")
    settings.STATICFILES_DIRS, settings.DATA_DIR = [tmp_path], tmp_path / "data"
    settings.STATIC_BUNDLES = {"css/joined.css": ["css/part.css"]}
    finders.get_finder.cache_clear()
    try:
        assert "red" in Path(BundleFinder().find("css/joined.css")).read_text(encoding="utf-8")
        part.write_text("a { color: blue }", encoding="utf-8")
        assert "blue" in Path(BundleFinder().find("css/joined.css")).read_text(encoding="utf-8")
    finally:
        finders.get_finder.cache_clear()


def test_is_collected_like_any_file(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path / "collected"

    call_command("collectstatic", interactive=False, verbosity=0)

    assert (settings.STATIC_ROOT / "css" / "every-page.css").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["incident-list", "dashboard", "knowledge-search", "rule-list", "incident-new"])
def test_a_page_waits_for_two_stylesheets_at_most(name, client, alice):
    client.force_login(alice)

    assert len(SHEET.findall(client.get(reverse(name)).content.decode())) <= 2
