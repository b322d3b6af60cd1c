"""The dashboard's figures, against incidents whose times and verdicts are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.dashboard.charts import bar_chart, line_chart
from incidents.dashboard.durations import durations
from incidents.dashboard.figures import figures
from incidents.dashboard.periods import Period
from incidents.finding.models import IncidentTrait
from incidents.language_model.model_calls import ModelCall
from incidents.models import Incident

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def made(*, days_ago: float, diagnosed: float | None = None, resolved: float | None = None, **values) -> Incident:
    """An incident reported so long before NOW, diagnosed and resolved after so many seconds."""
    created = NOW - timedelta(days=days_ago)
    incident = Incident.objects.create(
        title="x", status="resolved" if resolved is not None else "open",
        diagnosed_at=None if diagnosed is None else created + timedelta(seconds=diagnosed),
        resolved_at=None if resolved is None else created + timedelta(seconds=resolved), **values,
    )  # fmt: skip
    Incident.objects.filter(pk=incident.pk).update(created_at=created)
    incident.created_at = created
    return incident


@pytest.fixture
def month() -> Period:
    return Period.named("30d", now=NOW)


class DurationTests:
    def of_diagnosis(self, period: Period):
        return durations(period, start="created_at", end="diagnosed_at", within="created_at")

    def test_are_the_median_and_the_ninetieth_percentile(self, month):
        for seconds in range(1, 11):
            made(days_ago=5, diagnosed=seconds)
        made(days_ago=40, diagnosed=1000)  # before the period
        made(days_ago=5)  # not diagnosed

        whole = self.of_diagnosis(month).whole

        assert (whole.count, round(whole.median), round(whole.ninetieth)) == (10, 5, 9)

    def test_are_told_part_by_part(self, month):
        made(days_ago=29.5, diagnosed=10)
        for seconds in (20, 30, 40):
            made(days_ago=0.5, diagnosed=seconds)

        parts = self.of_diagnosis(month).parts

        assert [part.count for part in parts] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
        assert [part.median and round(part.median) for part in parts][::9] == [10, 30]
        assert parts[4].median is None

    def test_of_nothing_are_none(self, month):
        assert self.of_diagnosis(month).whole.median is None

    def test_of_one_are_that_one(self, month):
        made(days_ago=1, diagnosed=7)

        whole = self.of_diagnosis(month).whole
        assert round(whole.median) == round(whole.ninetieth) == 7


class FigureTests:
    def test_count_what_is_open_whenever_it_was_reported(self, month):
        made(days_ago=100, severity="high")
        made(days_ago=1, severity="high")
        made(days_ago=1)
        made(days_ago=1, severity="low", resolved=60)

        found = figures(month)

        assert {name: count for name, count in found.open.items() if count} == {"high": 2, "": 1}
        assert (sum(found.reported), sum(found.resolved)) == (3, 1)

    def test_tell_how_often_the_diagnosis_was_right(self, month):
        for right in ("yes", "yes", "yes", "no", "partly", ""):
            made(days_ago=2, resolved=60, diagnosis_right=right)

        accuracy = figures(month).accuracy

        assert (accuracy.yes, accuracy.partly, accuracy.no, accuracy.unjudged) == (3, 1, 1, 1)
        assert accuracy.share == 0.6

    def test_rank_causes_and_documents_of_the_period(self, month):
        for days, name in ((1, "b"), (2, "a"), (3, "a"), (50, "b"), (51, "b")):
            incident = made(days_ago=days)
            for kind in ("cause", "document"):
                IncidentTrait.objects.create(incident=incident, kind=kind, name=name, at=incident.created_at)

        found = figures(month)

        for ranked in (found.causes, found.documents):
            assert [(row.id, row.count) for row in ranked] == [("a", 2), ("b", 1)]

    def test_sum_what_models_cost(self, month):
        for model, cost, outcome in (("a", 0.5, "answered"), ("a", None, "failed"), ("b", 1.0, "answered")):
            ModelCall.objects.create(
                purpose="explain", model=model, at=NOW - timedelta(days=1), cost=cost, outcome=outcome, tokens_in=10
            )

        spending = figures(month).spending

        assert (spending.calls, spending.failed, spending.unpriced, spending.tokens, spending.cost) == (
            3,
            1,
            1,
            30,
            1.5,
        )
        assert spending.models[0] == ("b", 1, 1.0)


class ChartTests:
    def test_bars_stay_within_their_picture(self):
        chart = bar_chart([0, 5, 10], [1, 1, 1])

        assert all(bar.x >= 0 and bar.x + bar.width <= 600 and bar.y >= 0 for bar in chart.bars)
        assert chart.top == 10

    def test_a_line_breaks_where_nothing_was_measured(self):
        line = line_chart([1.0, 2.0, None, 3.0, 4.0]).lines[0]

        assert len(line.stretches) == 2
        assert len(line.dots) == 4


class PageTests:
    @pytest.fixture
    def portal(self, client, bob):
        client.force_login(bob)
        return client

    def test_leads_from_each_figure_to_the_list_behind_it(self, portal, bob):
        made(days_ago=0, severity="high")
        page = portal.get("/dashboard/?period=90d").content.decode()

        for address in ("?status=unresolved", "?period=90d", "?resolved=90d&amp;right=yes", "&amp;severity=high"):
            assert address in page

    def test_explains_itself_when_empty(self, portal):
        assert "/incidents/samples/memory/" in portal.get("/dashboard/").content.decode()

    @pytest.mark.parametrize("period", ["", "7d", "365d", "nonsense", "30d'--"])
    def test_opens_for_any_period(self, portal, period):
        made(days_ago=0, diagnosed=3, resolved=100)

        assert portal.get("/dashboard/", {"period": period}).status_code == 200

    def test_costs_the_same_among_many(self, portal, django_assert_max_num_queries):
        for days in range(40):
            made(days_ago=days / 2, diagnosed=1, resolved=2)

        with django_assert_max_num_queries(24):
            portal.get("/dashboard/")
