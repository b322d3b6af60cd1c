"""Heavy libraries load late: a page must not wait for Chroma or an SDK, and the portal runs without them."""

import json
import os
import subprocess
import sys

PROBE = """
import json, sys
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
from knowledge_base import services, retrieval, indexer, admin
heavy = ("chromadb", "openai", "anthropic", "google.genai", "onnxruntime", "torch")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""


class AFreshInterpreterTests:
    def test_loads_the_routes_without_chroma_or_an_sdk(self):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sre_portal.settings"}

        done = subprocess.run(
            [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False
        )

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == []
