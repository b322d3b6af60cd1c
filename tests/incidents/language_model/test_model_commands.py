"""`check_model`, and `evaluate` with a model."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command

from incidents.language_model.evaluation_rows import EvaluationRow
from incidents.language_model.model_calls import ModelCall
from sre_portal.llm import openai_compatible, registry
from tests.incidents.analysis.chat.samples import ERRORS, HOLDS, INFO, answered
from tests.incidents.chat_samples import use
from tests.openai_server import OpenAIServer, openai_server

__all__ = ["openai_server"]


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    registry._breaker.cache_clear()
    for name in ("_dialects",):
        getattr(openai_compatible, name, {}).clear()


@pytest.fixture
def server(openai_server: OpenAIServer, settings) -> OpenAIServer:
    use(settings, openai_server)
    return openai_server


def check_model(*args: str) -> tuple[int, str]:
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_model", *args, stdout=said)
    return ended.value.code, said.getvalue()


@pytest.mark.django_db
class CheckModelTests:
    def test_says_what_the_model_can_do(self, server):
        code, said = check_model()

        assert code == 0
        assert "json_schema" in said
        assert ModelCall.objects.get().purpose == "check"

    def test_says_why_a_model_fails(self, server, settings):
        settings.OPENAI_MODEL = "wrong-key"

        code, said = check_model("--language", "ko")

        assert code == 1
        assert "API 키를 승인하지 않았습니다" in " ".join(said.split())
        assert settings.OPENAI_API_KEY not in said

    def test_says_that_none_is_configured(self, settings, capsys):
        settings.CHAT_ENABLED = False

        code, _said = check_model()

        assert code == 1
        assert "OPENAI_API_KEY" in capsys.readouterr().err


@pytest.mark.django_db
class EvaluateTests:
    @pytest.fixture
    def cases(self, tmp_path):
        expected = {"category": "memory", "severity": "critical", "must_mention": [["noeviction"]]}
        case = {"description": "Writes fail.", "redis_info": INFO, "artifacts": {"client_errors": ERRORS}}
        case["expected"] = expected
        (tmp_path / "cases").mkdir()
        (tmp_path / "cases/full.json").write_text(json.dumps(case), encoding="utf-8")
        return tmp_path

    def evaluate(self, cases, *args: str) -> dict:
        out = cases / "out.json"
        call_command("evaluate", "--cases", str(cases / "cases"), "--json", str(out), *args)
        return json.loads(out.read_text(encoding="utf-8"))

    def test_uses_the_named_model_and_sums_up_what_it_cost(self, server, cases):
        server.reply_with(answered(), json.dumps(HOLDS))

        result = self.evaluate(cases, "--analyst", "some-model")

        assert result["cases"][0]["result"]["analyst"] == "openai:some-model"
        assert result["summary"]["tokens"] > 500
        assert result["summary"]["category"] == 1.0
        assert ModelCall.objects.count() == 0
        assert EvaluationRow.objects.count() == 0

    def test_can_let_everything_stand(self, server, cases):
        stray = {"text": "4,711 clients.", "cites": [], "quotes": []}
        server.reply_with(answered(explanation=[stray], severity="low"))

        checked = self.evaluate(cases, "--analyst", "some-model")["cases"][0]["result"]
        unchecked = self.evaluate(cases, "--analyst", "some-model", "--no-verification", "--keep")["cases"][0]["result"]

        assert (checked["severity"], "4,711" in checked["root_cause_analysis"]) == ("critical", False)
        assert (unchecked["severity"], "4,711" in unchecked["root_cause_analysis"]) == ("low", True)
        row = EvaluationRow.objects.get()
        assert (row.analyst, row.with_verification, row.cases) == ("some-model", False, 1)

    def test_tells_when_the_model_never_answered(self, server, cases, capsys):
        result = self.evaluate(cases, "--analyst", "wrong-key")

        assert result["cases"][0]["result"]["analyst"] == "rules"
        assert result["summary"]["category"] == 1.0
        assert "0 of 1" in capsys.readouterr().err
