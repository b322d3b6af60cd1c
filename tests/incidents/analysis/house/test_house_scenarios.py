"""House rules through whole analyses: the team's documents against what the textbook would advise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from incidents.analysis.evaluation import Case, read_input
from incidents.analysis.pipeline import Retriever, analyze, result_of
from incidents.language_model.evaluation_arms import Arms
from incidents.runs.citing import Librarian
from knowledge_base.corpus import documents_in, knowledge_of
from knowledge_base.document_fields import forgiven_fields
from knowledge_base.glossary_cache import shipped_glossary

DATA = yaml.safe_load(Path(__file__).with_name("scenes.yaml").read_text(encoding="utf-8"))
SCENES: dict[str, dict[str, Any]] = DATA["scenes"]
SESSION = SCENES["session store without LRU"]


def write_documents(scene: dict[str, Any], folder: Path) -> None:
    for name, text in {**DATA["around"], **scene["documents"]}.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def small_house(folder: Path) -> Retriever:
    """The documents of a scene alone, searched by full text."""
    documents = documents_in(folder)
    fields = [forgiven_fields(document) for document in documents]
    knowledge = knowledge_of(fields, glossary=shipped_glossary(), embedder=None, top_k=8, threshold=0.1)
    return Librarian(knowledge.passages_for_analysis, lambda: documents)


def report_of(scene: dict[str, Any], language: str, retriever: Retriever | None) -> dict[str, Any]:
    data = json.loads(Path(scene["capture"]).read_text(encoding="utf-8"))
    data["description"] = f"{scene['system']}: {data['description']}"
    data["artifacts"] = {**data["artifacts"], "labels": {"service": scene["system"], **scene.get("labels", {})}}
    return result_of(analyze(read_input(data), incident_id="house", language=language, retriever=retriever))


def cited_in(result: dict[str, Any]) -> dict[str, str]:
    return {item["id"]: item["status"] for item in [*result["references"], *result["related_cases"]]}


def own_words(result: dict[str, Any], ours: set[str]) -> list[str]:
    """What a report advises in its own words: not the house's sentences, which name what they forbid."""
    steps = [*result["immediate_actions"], *result["detailed_steps"], *result["missing_evidence"]]
    steps += [step for one in result["findings"] for step in one["actions"]]
    steps += [step for one in result["hypotheses"] for step in one["distinguish"]]
    advised = [step for step in steps if step["source"] not in ours]
    return [line for step in advised for line in (step["command"], step["undo"], step["verify"])]


def prose_of(result: dict[str, Any]) -> str:
    verdict = re.split(r"\n\n(?=The house document|이 시스템에는 사내 문서)", result["root_cause_analysis"])[0]
    told = [one["explanation"] for one in result["hypotheses"]]
    return "\n".join([result["summary"], verdict, *result["prevention_tips"], *told])


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", SCENES)
def test_the_house_rule_wins(name, language, tmp_path):
    scene = SCENES[name]
    write_documents(scene, tmp_path)

    result = report_of(scene, language, small_house(tmp_path))

    cited = cited_in(result)
    assert all(cited.get(one) == "current" for one in scene["cites"]), cited
    assert all(cited.get(one, "superseded") == "superseded" for one in scene.get("superseded", ())), cited
    told = "\n".join([result["root_cause_analysis"], *(step["title"] for step in result["immediate_actions"])])
    assert [word for word in scene["says"] if word not in told] == []
    lines = own_words(result, set(scene["documents"]))
    assert [line for line in lines for pattern in scene.get("held", ()) if re.search(pattern, line)] == []
    assert [word for word in scene.get("leaks", ()) if word in told or word in cited] == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nor_is_it_advised_in_prose_beside_the_shipped_knowledge(language, tmp_path):
    write_documents(SESSION, tmp_path)
    with Arms() as arms:
        retriever = arms.retriever_for(Case("house", read_input({}), {}, knowledge_dir=tmp_path))
        result = report_of(SESSION, language, retriever)

    assert "allkeys-lru" not in prose_of(result)
    assert any("allkeys-lru" in note for note in result["notes"])
    assert cited_in(result)["idp-2"] == "current"
    assert cited_in(result).get("idp-1", "superseded") == "superseded"


def test_without_the_rule_the_textbook_stands():
    result = report_of(SESSION, "en", None)

    assert "allkeys-lru" in prose_of(result)
    assert any("UNLINK" in line for line in own_words(result, set()))
