"""The catalogue of rules as pages, generated from the data that the engine works with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from incidents.diagnostics.causes.hypotheses import all_hypotheses
from incidents.diagnostics.rules.reading import reading_of, say_threshold, severities_of
from incidents.diagnostics.rules.specs import LeftOut, RuleSpec, all_rules, left_out
from incidents.language import current_language
from incidents.models import Category
from incidents.requests import PortalRequest
from incidents.rule_catalogue.rule_thresholds import RuleThreshold, thresholds_in_force

may_view = permission_required("incidents.view_incident", raise_exception=True)
AREAS = [choice for choice in Category.choices if choice[0] != Category.NONE]


@dataclass(frozen=True, slots=True)
class Threshold:
    """One cut of a rule, by default and as it is in force."""

    name: str
    default: str
    changed: str  # "" where nobody changed it


@may_view
@require_GET
def rule_list(request: PortalRequest) -> HttpResponse:
    words, area = request.GET.get("q", "").strip(), request.GET.get("area", "")
    changed = thresholds_in_force()
    rules = [spec for spec in all_rules().values() if _fits(spec, words, area)]
    context = {
        "section": "rules", "words": words, "area": area, "areas": AREAS,
        "rules": [_row(spec) | {"is_changed": spec.id in changed} for spec in rules],
        "left_out": [_left_out_row(entry) for entry in left_out().values() if _fits(entry, words, area)],
        "total": len(all_rules()),
    }  # fmt: skip
    return render(request, "incidents/rules/list.html", context)


def _fits(entry: RuleSpec | LeftOut, words: str, area: str) -> bool:
    """Whether every word is said of the rule in either language."""
    if area and entry.category != area:
        return False
    said = " ".join(_texts(entry)).lower()
    return all(word in said for word in words.lower().split())


def _texts(entry: RuleSpec | LeftOut) -> Iterator[str]:
    yield from (entry.id, entry.title.ko, entry.title.en)
    if isinstance(entry, LeftOut):
        yield from (entry.reason.ko, entry.reason.en)
        return
    reading = reading_of(entry.id)
    yield from (entry.means.ko, entry.means.en, entry.source)
    yield from (*reading.sections, *reading.fields, *reading.settings, *reading.opens, *reading.latency)


def _row(spec: RuleSpec) -> dict[str, Any]:
    language = current_language()
    return {
        "id": spec.id, "title": spec.title.say(language), "means": spec.means.say(language),
        "category": spec.category.value, "severities": severities_of(spec), "state": spec.state.value,
    }  # fmt: skip


def _left_out_row(entry: LeftOut) -> dict[str, Any]:
    language = current_language()
    return {"id": entry.id, "title": entry.title.say(language), "reason": entry.reason.say(language)}


@may_view
@require_GET
def rule_detail(request: PortalRequest, rule_id: str) -> HttpResponse:
    spec = all_rules().get(rule_id)
    if spec is None:
        raise Http404
    language, reading = current_language(), reading_of(rule_id)
    context = {
        "section": "rules", "rule": _row(spec), "spec": spec, "reading": reading,
        "kinds": [kind.label.say(language) for kind in reading.kinds],
        "guard": spec.guard.say(language), "thresholds": _thresholds(spec),
        "history": list(RuleThreshold.objects.of_rule(rule_id)[:20]),
        "steps": [_step(action, language) for action in spec.actions],
        "causes": _causes(rule_id, language), "explains": _titles(spec.explains, language),
    }  # fmt: skip
    return render(request, "incidents/rules/detail.html", context)


def _thresholds(spec: RuleSpec) -> list[Threshold]:
    changed = thresholds_in_force().get(spec.id, {})
    return [
        Threshold(
            name,
            say_threshold(spec, name, value),
            say_threshold(spec, name, changed[name]) if name in changed else "",
        )
        for name, value in spec.thresholds.items()
    ]


def _step(action: Any, language: str) -> dict[str, Any]:
    return {
        "title": action.text.say(language), "command": action.command, "risk": action.risk.value,
        "where": action.where, "undo": action.undo, "verify": action.verify,
    }  # fmt: skip


def _causes(rule_id: str, language: str) -> list[dict[str, Any]]:
    """The causes that a finding of the rule speaks for, those it weighs most for first, and those it speaks against."""
    found = []
    for hypothesis in all_hypotheses().values():
        weight = (hypothesis.findings or {}).get(rule_id, 0.0) - (hypothesis.against or {}).get(rule_id, 0.0)
        if weight:
            title = hypothesis.title.format().say(language)
            found.append({"id": hypothesis.id, "title": title, "weight": weight, "against": weight < 0})
    return sorted(found, key=lambda cause: (-cause["weight"], cause["id"]))


def _titles(ids: tuple[str, ...], language: str) -> list[dict[str, str]]:
    rules = all_rules()
    return [{"id": name, "title": rules[name].title.say(language)} for name in ids if name in rules]
