"""The environment of every test. A pytest plugin (`-p`), because settings are read before any conftest."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

DATA_DIR = tempfile.mkdtemp(prefix="portal-test-")
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

# What an operator's shell or .env happens to hold must not steer a test. python-dotenv keeps names that are set
# already, and the portal takes an empty value for "not set".
_ABSENT = ("DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_EMBEDDING_MODEL", "ANTHROPIC_API_KEY",
           "GOOGLE_API_KEY", "MODEL_FALLBACKS", "MODEL_FOLLOW_UP", "MODEL_DRAFT", "MODEL_UNMASKED", "CHROMA_URL",
           "CHROMA_PERSIST_DIRECTORY", "KNOWLEDGE_REVIEW", "TASK_BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS",
           "APP_DEBUG")  # fmt: skip
os.environ.update(dict.fromkeys(_ABSENT, ""), APP_ENV="test", DATA_DIR=DATA_DIR, LOG_LEVEL="WARNING")
