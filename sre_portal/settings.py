"""Settings of the portal. Everything that differs between machines comes through `env`."""

from __future__ import annotations

import sys
from pathlib import Path

import dj_database_url
import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _
from dotenv import load_dotenv

from sre_portal import env

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")

# --- Where and how it runs -------------------------------------------------------------------------------------

APP_ENV = env.text(
    "APP_ENV",
    "development",
    choices=("development", "production", "test"),
    help="development, production or test; production turns every protection on",
)
PRODUCTION = APP_ENV == "production"
APP_DEBUG = DEBUG = env.flag("APP_DEBUG", False, help="Django's debug pages; never in production")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"), help="how much is logged")
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data"), help="database, Chroma's files, the secret key"))
if PRODUCTION and DEBUG:
    raise env.WrongSetting("APP_DEBUG is true with APP_ENV=production; debug pages show secrets. Set APP_DEBUG=false.")


def _secret_key() -> str:
    """The configured key, or one made on the first start and kept beside the database."""
    configured = env.secret("SECRET_KEY", help="signs sessions; made and kept in DATA_DIR when it is not set")
    if configured:
        return configured
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    file = DATA_DIR / "secret_key"
    if not file.exists():
        file.write_text(get_random_secret_key() + get_random_secret_key(), encoding="utf-8")
        file.chmod(0o600)
    return file.read_text(encoding="utf-8").strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", help="host names the portal answers to")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS", help="origins (with scheme) that may post forms")
BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY", False, help="trust X-Forwarded-Proto from the proxy in front")

INSTALLED_APPS = [
    "sre_portal.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "knowledge_base",
    "incidents",
]

ADMIN_DESKS = ["knowledge_base.desk.cards", "incidents.desk.cards"]  # what the first page of the admin tells

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sre_portal.compression.PageCompression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "sre_portal.urls"
ASGI_APPLICATION = "sre_portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
            ],
            "builtins": ["sre_portal.ui"],
        },
    },
]

# --- Database --------------------------------------------------------------------------------------------------

DATABASE_URL = env.secret("DATABASE_URL", help="postgres://… for more than one machine; SQLite in DATA_DIR otherwise")


def _database() -> dict[str, object]:
    if DATABASE_URL:
        return dict(dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True))
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "portal.sqlite3",
        # Measured: without both, eight writers get "database is locked"; with them, none does.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;",
        },
        # A file, because streams and worker threads must see each other's rows in the tests as well.
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Languages and time ----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "Asia/Seoul", help="zone of times on pages until the browser tells its own")

# --- Static files ----------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "sre_portal.bundles.BundleFinder",
]
STATIC_BUNDLES = {
    f"css/{name}.css": [f"css/{part}.css" if "/" not in part else f"{part}.css" for part in parts.split()]
    for name, parts in {
        "every-page": "tokens base topbar components finder",
        "incident-page": "incident workbench closing collaboration",
        "incident-team": "incident collaboration",
        "incident-list": "incident finding",
        "dashboard-page": "incident finding dashboard",
        "rule-page": "incident workbench",
        "conversation": "workbench chat",
        "document-page": "knowledge_base/knowledge closing",
        "document-history": "knowledge_base/knowledge knowledge_base/diff",
        "every-admin-page": "topbar finder admin",
    }.items()
}
MANIFEST_STATIC = STATIC_ROOT.joinpath("staticfiles.json").exists() and APP_ENV != "test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if MANIFEST_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Protection ------------------------------------------------------------------------------------------------

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "incident-list"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

UPLOAD_LIMIT_BYTES = env.integer("UPLOAD_LIMIT_BYTES", 10_000_000, help="largest text of one upload, in bytes")
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * UPLOAD_LIMIT_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_LIMIT_BYTES

# --- Model -----------------------------------------------------------------------------------------------------

OPENAI_API_KEY = env.secret("OPENAI_API_KEY", help="turns the chat analyst on; without it the rules write the report")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL", help="any OpenAI-compatible endpoint (vLLM, Ollama, LM Studio …)")
OPENAI_API_VERSION = env.text("OPENAI_API_VERSION", help="Azure's dated API version; empty for its v1 address")
OPENAI_MODEL = env.text(
    "OPENAI_MODEL",
    "gpt-4o-mini",
    help="model that explains; `anthropic:…` and `google:…` use those providers' own packages",
)
OPENAI_EMBEDDING_MODEL = env.text("OPENAI_EMBEDDING_MODEL", help="embedding model; empty = the offline hashed embedder")
ANTHROPIC_API_KEY = env.secret("ANTHROPIC_API_KEY", help="for models named `anthropic:…`; needs the anthropic package")
GOOGLE_API_KEY = env.secret("GOOGLE_API_KEY", help="for models named `google:…`; needs the google-genai package")
MODEL_FOLLOW_UP = env.text("MODEL_FOLLOW_UP", help="model that answers questions; empty = OPENAI_MODEL")
MODEL_DRAFT = env.text("MODEL_DRAFT", help="model that drafts messages and post-mortems; empty = OPENAI_MODEL")
MODEL_FALLBACKS = env.names(
    "MODEL_FALLBACKS",
    help="models asked in this order when the first fails; "
    "`model`, `provider:model` or `model@http://host/v1`, separated by commas",
)
MODEL_TIMEOUT_SECONDS = env.number(
    "MODEL_TIMEOUT_SECONDS", 60.0, least=1.0, help="longest time one explanation may take"
)
MODEL_MASKING = env.flag("MODEL_MASKING", True, help="mask secrets, names and addresses before a model sees anything")
MODEL_UNMASKED = env.names(
    "MODEL_UNMASKED",
    help="kinds that are sent unmasked all the same: password, token, value, "
    "email, rrn, card, phone, ip, host, user, key, secret",
)
_KINDS = ("password", "token", "value", "email", "rrn", "card", "phone", "ip", "host", "user", "key", "secret")
if not set(MODEL_UNMASKED) <= set(_KINDS):
    raise env.WrongSetting(
        f"MODEL_UNMASKED names {', '.join(sorted(set(MODEL_UNMASKED) - set(_KINDS)))}; "
        f"it may name: {', '.join(_KINDS)}."
    )
MODEL_TOOL_CALLS = env.integer("MODEL_TOOL_CALLS", 6, most=50, help="things a model may look up per explanation")
MODEL_WEIGHING = env.flag("MODEL_WEIGHING", True, help="a second round that weighs the strongest rival hypothesis")
MODEL_EVIDENCE_CHARACTERS = env.integer(
    "MODEL_EVIDENCE_CHARACTERS",
    24_000,
    least=2_000,
    most=1_000_000,
    help="characters of evidence that are sent for one explanation",
)
MODEL_RUN_TOKENS = env.integer("MODEL_RUN_TOKENS", 100_000, help="most tokens of one analysis; 0 = no limit")
MODEL_RUN_COST_USD = env.number("MODEL_RUN_COST_USD", 0.0, help="most US dollars of one analysis; 0 = no limit")
MODEL_DAY_TOKENS = env.integer("MODEL_DAY_TOKENS", 0, help="most tokens of one day (UTC); 0 = no limit")
MODEL_DAY_COST_USD = env.number("MODEL_DAY_COST_USD", 0.0, help="most US dollars of one day (UTC); 0 = no limit")
CHAT_ENABLED = bool(
    OPENAI_API_KEY
    or OPENAI_BASE_URL
    or (ANTHROPIC_API_KEY and OPENAI_MODEL.startswith("anthropic:"))
    or (GOOGLE_API_KEY and OPENAI_MODEL.startswith("google:"))
)

# --- Knowledge -------------------------------------------------------------------------------------------------

CHROMA_PERSIST_DIRECTORY = Path(
    env.text(
        "CHROMA_PERSIST_DIRECTORY",
        help="directory of the embedded Chroma, DATA_DIR/chroma by default; exactly one process may own it",
    )
    or DATA_DIR / "chroma"
)
CHROMA_URL = env.text("CHROMA_URL", help="http://host:port of a Chroma server, for more than one process")
CHROMA_COLLECTION_NAME = env.text("CHROMA_COLLECTION_NAME", "redis_knowledge", help="prefix of the collections' names")
RAG_TOP_K = env.integer("RAG_TOP_K", 5, least=1, most=50, help="passages that an analysis or a search returns")
RAG_SIMILARITY_THRESHOLD = env.number(
    "RAG_SIMILARITY_THRESHOLD", 0.35, most=1.0, help="least score (0–1) of a passage, the same with every embedder"
)
KNOWLEDGE_REVIEW = env.text(
    "KNOWLEDGE_REVIEW",
    "auto",
    choices=("auto", "four-eyes", "self"),
    help="who publishes: four-eyes = never the author, self = the author too, "
    "auto = four-eyes as soon as two people may publish",
)
ANALYSIS_THREADS = env.integer("ANALYSIS_THREADS", 4, least=1, most=200, help="analyses at once in this process")

# --- API -------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["sre_portal.api.RolePermission"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "sre_portal.api.Pages",
    "PAGE_SIZE": 25,
    "EXCEPTION_HANDLER": "sre_portal.api.one_error_shape",
    "DEFAULT_PARSER_CLASSES": ["sre_portal.api.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Redis AI SRE Assistant API",
    "DESCRIPTION": "Diagnose Redis and Valkey incidents, and search and curate the team's knowledge.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "IncidentStatusEnum": "incidents.models.Incident.Status",
        "RunStatusEnum": "incidents.models.AnalysisRun.Status",
        "ReportLanguageEnum": "incidents.models.Language",
        "VerdictCategoryEnum": "incidents.models.Category",
        "SeverityEnum": "incidents.models.Severity",
        "DocumentStatusEnum": "knowledge_base.models.KnowledgeDocument.Status",
        "DocumentLanguageEnum": "knowledge_base.models.KnowledgeDocument.Language",
        "DocumentCategoryEnum": "knowledge_base.models.KnowledgeDocument.Category",
    },
}

# --- Logging ---------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if PRODUCTION
            else structlog.dev.ConsoleRenderer(
                # Plain: the pretty one prints local variables, and those hold evidence and keys.
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            ),
            "foreign_pre_chain": [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso")],
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "chromadb": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
    },
}
