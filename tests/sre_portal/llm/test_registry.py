"""Building models, and what importing the package costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sre_portal.llm import registry
from sre_portal.llm.base import Message, complete
from sre_portal.llm.config import EmbeddingConfig, ModelConfig
from sre_portal.llm.errors import REASONS, ErrorKind, LLMError
from sre_portal.llm.registry import build_chat, build_embeddings
from tests.openai_server import OpenAIServer

ASK = [Message("user", "Why is it slow?")]


class TestBuilding:
    def test_gives_a_model_that_answers(self, config):
        assert complete(build_chat(config()), ASK).text

    def test_gives_an_embedder_that_tries_again(self, embedding_config):
        with OpenAIServer() as server:
            server.failures = 1
            answer = build_embeddings(embedding_config(base_url=server.url, batch_size=2)).embed(["a", "b", "c"])

        assert len(answer.vectors) == 3
        assert len(server.requests) == 3

    def test_of_an_unknown_provider_names_the_known_ones(self):
        with pytest.raises(LLMError, match="anthropic") as caught:
            build_chat(ModelConfig(provider="skynet", model="m"))

        assert caught.value.kind == ErrorKind.MISCONFIGURED

    def test_of_embeddings_knows_its_own_providers(self):
        with pytest.raises(LLMError):
            build_embeddings(EmbeddingConfig(provider="skynet", model="m"))


class TestImporting:
    def test_loads_no_sdk_until_a_model_is_asked(self):
        program = (
            "import sys\n"
            "from sre_portal.llm import budget, check, registry, scripted\n"
            "from sre_portal.llm.config import ModelConfig\n"
            "registry.build_chat(ModelConfig(model='m'))\n"
            "heavy = ('openai', 'anthropic', 'google.genai', 'httpx2', 'django')\n"
            "print([name for name in heavy if name in sys.modules])"
        )

        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert done.stdout.strip() == "[]"

    def test_loads_the_sdk_ahead_and_sends_nothing(self, openai_server, config):
        registry.warm_up(config())

        assert "openai" in sys.modules
        assert not openai_server.requests


class TestReasons:
    def test_exist_for_every_kind_in_both_languages(self):
        for kind in ErrorKind:
            assert REASONS[kind]["en"].endswith(".")
            assert REASONS[kind]["ko"].endswith("니다.")
