"""Claimdesk's settings: one file for every way to run, by environment alone. `.env.example` names each variable."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import logs
from config.environment import (
    choice,
    database,
    email,
    embedded_secrets,
    env,
    integer,
    required,
    running_sandbox,
    together,
)

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = choice("ENV", "embedded", ("embedded", "production"))
EMBEDDED = ENVIRONMENT == "embedded"
if not EMBEDDED:
    required("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY", "DATABASE_URL", "REDIS_URL", "SITE_URL")
    required("EMAIL_URL", "EMAIL_FROM")

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = integer("PORT", 8000, least=1, most=65535)
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname:
    raise ImproperlyConfigured("CLAIMDESK_SITE_URL must be an address like https://claims.example.com.")

# --- secrets
_generated = embedded_secrets(VAR_DIR) if EMBEDDED else {}
SECRET_KEY = env.str("SECRET_KEY", default=_generated.get("SECRET_KEY", ""))
FIELD_KEYS = env.list("FIELD_KEYS", default=[_generated.get("FIELD_KEYS", "")])
INDEX_KEY = env.str("INDEX_KEY", default=_generated.get("INDEX_KEY", ""))

DEBUG = False
TESTING = EMBEDDED and env.bool("TESTING", default=False)
HTTPS = _site.scheme == "https"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if EMBEDDED else [_site.hostname])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = integer("TRUSTED_PROXIES", 0 if EMBEDDED else 1, least=0, most=5)

INSTALLED_APPS = [
    "daphne",
    "apps.core",
    "apps.accounts",
    "apps.integrations",
    "apps.contacts",
    "apps.projects",
    "apps.policies",
    "apps.claims",
    "apps.payments",
    "apps.notifications",
    "apps.billing",
    "apps.dialogs",
    "apps.core.admin_config.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_celery_beat",
    "channels",
    "storages",
    "csp",
]

MIDDLEWARE = [
    "apps.core.middleware.request_context",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # The API goes without the rest (performance.md).
    "apps.core.middleware.PageSession",
    "apps.core.middleware.PageLocale",
    "apps.core.middleware.PageCommon",
    "apps.core.middleware.PageCsrf",
    "apps.core.middleware.PageAuthentication",
    "apps.core.middleware.PageMessages",
    "apps.core.middleware.PageFrameOptions",
]

# Our Page… middleware are Django's, for everything but the API; Django's checks look for the plain names.
# core.E007 holds that they are there.
SILENCED_SYSTEM_CHECKS = ["security.W002", "security.W003"]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- database
DATABASES: dict[str, dict[str, Any]] = {"default": database(default=f"sqlite:///{VAR_DIR / 'claimdesk.sqlite3'}")}
_database = DATABASES["default"]
_database["CONN_MAX_AGE"] = 0
POSTGRES = _database["ENGINE"] == "django.db.backends.postgresql"
if POSTGRES:
    _database["OPTIONS"] = {"connect_timeout": 5}
    if pool_size := integer("DATABASE_POOL", 0, least=0, most=50):
        # For web processes only: Celery closes Django's pool at every task (celery/celery#10554).
        _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5}
else:
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864;",
    }
    _database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, channel layer, broker
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "claimdesk",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            # redis-py 8 gives up a blocking read after 5 s: it closed idle WebSockets (django/channels_redis#422).
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_timeout": None, "socket_connect_timeout": 1}],
                "prefix": "claimdesk",
            },
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

CELERY_BROKER_URL = env.str("BROKER_URL", default=REDIS_URL or "memory://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_SOFT_TIME_LIMIT = 300  # s
CELERY_TASK_TIME_LIMIT = 330  # s
CELERY_TASK_PUBLISH_RETRY = False  # a wake-up that does not get through is found by the sweeper
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 3600, "socket_connect_timeout": 1, "socket_timeout": 30}
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
CELERY_TASK_ROUTES = {
    **{name: {"queue": "slow"} for name in ("core.drain_slow", "integrations.check", "claims.reconcile")},
    "core.drain_heavy": {"queue": "heavy"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- deliveries
# How long one try may take before its worker counts as lost. A shorter lease takes a dead worker up sooner; one
# shorter than the slowest call to an outside system takes a living worker's delivery away.
LEASE_SECONDS = integer("LEASE_SECONDS", 180, least=10, most=3600)
# Called with "handler:point" by each try (outbox.Work.reach): how fault tests get into the middle of one.
FAILPOINT_HOOK = env.str("FAILPOINT_HOOK", default="") if EMBEDDED else ""
# Divides the waits between tries, so that a fault test sees in minutes what takes hours.
HASTE = integer("HASTE", 1, least=1, most=100) if EMBEDDED else 1

# --- files
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "files"}},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "files",
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
if together("S3_ENDPOINT_URL", "S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
    from botocore.config import Config

    STORAGES["private"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": env.str("S3_ENDPOINT_URL"),
            "bucket_name": env.str("S3_BUCKET"),
            "access_key": env.str("S3_ACCESS_KEY"),
            "secret_key": env.str("S3_SECRET_KEY"),
            "region_name": env.str("S3_REGION", default="us-east-1"),
            "default_acl": None,
            "querystring_auth": True,
            "querystring_expire": 60,
            "file_overwrite": True,
            # Stores other than Amazon's refuse the checksum trailers that boto3 sends by default.
            "client_config": Config(
                signature_version="s3v4",
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
                connect_timeout=3,
                read_timeout=30,
                retries={"max_attempts": 2},
            ),
        },
    }
MAX_FILE_MB = integer("MAX_FILE_MB", 50, least=1, most=200)
MAX_CLAIM_MB = integer("MAX_CLAIM_MB", 200, least=1, most=2000)
MAX_CLAIM_FILES = integer("MAX_CLAIM_FILES", 20, least=1, most=200)
MAX_IMAGE_MEGAPIXELS = integer("MAX_IMAGE_MEGAPIXELS", 50, least=1, most=50)
MAX_PDF_PAGES = integer("MAX_PDF_PAGES", 300, least=1, most=2000)
FILE_INSPECTIONS = integer("FILE_INSPECTIONS", 2, least=1, most=32)  # at once in one process; each may take 600 MB
OCR = env.bool("OCR", default=True)  # scans and photos are read by tesseract where it is installed
CLAMAV_URL = env.str("CLAMAV_URL", default="")
if CLAMAV_URL and urlsplit(CLAMAV_URL).scheme not in ("tcp", "unix"):
    raise ImproperlyConfigured("CLAIMDESK_CLAMAV_URL must be like tcp://127.0.0.1:3310 or unix:///run/clamd.sock.")
FREE_SPACE_FLOOR_PERCENT = integer("FREE_SPACE_FLOOR_PERCENT", 10, least=1, most=50)
FREE_SPACE_FLOOR_MB = integer("FREE_SPACE_FLOOR_MB", 1024, least=1, most=1_000_000)
FILE_UPLOAD_HANDLERS = ["apps.core.files.upload.BoundedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
API_MAX_JSON_BYTES = 256 * 1024

# --- people and languages
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("uk", _("Ukrainian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Moscow")
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.Argon2PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
OPERATOR_NAME = env.str("OPERATOR_NAME", default="Claimdesk")

# --- static files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static" if EMBEDDED else Path(env.str("STATIC_DIR", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_AUTOREFRESH = EMBEDDED

# --- security
SESSION_COOKIE_AGE = 10 * 3600  # s
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
_websocket = ("wss://" if HTTPS else "ws://") + _site.netloc
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, _websocket],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# --- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.claims.api.authentication.ApplicantAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.api.schema.ApiSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.core.api.negotiation.AlwaysJSON",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.api.throttles.AddressThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "address": f"{integer('API_PER_MINUTE', 600, least=10, most=100000)}/min",
        "upload": f"{integer('UPLOADS_PER_MINUTE', 60, least=1, most=10000)}/min",
    },
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "apps.core.api.errors.ApiExceptionHandler",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Claimdesk",
    "DESCRIPTION": "Report an insured event, send its documents and follow the claim.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ClaimStatusEnum": "apps.claims.models.claim.Claim.Status",
        "DocumentStateEnum": "apps.claims.models.document.Document.State",
        "PolicyStatusEnum": "apps.claims.api.serializers.POLICY_STATUSES",
        "SlotStateEnum": "apps.claims.api.serializers.SLOT_STATES",
        "StepStateEnum": "apps.claims.api.serializers.STEP_STATES",
        "LanguageEnum": "apps.claims.api.serializers.LANGUAGES",
        "ItemKindEnum": "apps.claims.models.checklist.ChecklistEntry.Kind",
        "RequisitesKindEnum": "apps.claims.models.requisites.Requisites.Kind",
    },
}

# --- intake
DRAFT_HOURS = integer("DRAFT_HOURS", 48, least=1, most=720)
PHONE_COUNTRIES = tuple(env.list("PHONE_COUNTRIES", default=["RU", "UA"]))
POLICY_SOURCE = env.str("POLICY_SOURCE", default="apps.policies.sources.own_register")
CODE_LIMITS = {
    "phone_minute": 1,
    "phone_hour": integer("CODES_PHONE_HOUR", 5, least=1, most=20),
    "phone_day": integer("CODES_PHONE_DAY", 10, least=1, most=40),
    "address_hour": integer("CODES_ADDRESS_HOUR", 10, least=1, most=1000),
    "block_hour": integer("CODES_BLOCK_HOUR", 30, least=1, most=1000),
    "all_hour": integer("CODES_ALL_HOUR", 300, least=1, most=100000),
    "all_day": integer("CODES_ALL_DAY", 3000, least=1, most=1000000),
}

# --- outside systems; the sandbox stands in for those that an embedded installation does not name
SANDBOX_URL = env.str("SANDBOX_URL", default=running_sandbox(VAR_DIR)) if EMBEDDED else ""


# Hosts below that may be at an address of our own network; nothing else may be there.
PRIVATE_HOSTS = [host.lower() for host in env.list("PRIVATE_HOSTS", default=[])]


def _sandbox(path: str) -> str:
    return f"{SANDBOX_URL}/{path}" if SANDBOX_URL else ""


_stand_in = "sandbox" if SANDBOX_URL else ""  # every login and password that the sandbox takes
CRM_BACKEND = env.str("CRM_BACKEND", default="apps.integrations.crm.vtiger.Vtiger")
CRM_URL = env.str("CRM_URL", default=_sandbox("vtiger"))
CRM_USER = env.str("CRM_USER", default=_stand_in)
CRM_ACCESS_KEY = env.str("CRM_ACCESS_KEY", default=_stand_in)
CRM_MODE = choice("CRM_MODE", "stock", ("stock", "custom"))
CRM_MAP = env.str("CRM_MAP", default="")
# After an unclear outcome: how long the CRM may still be at the call that we gave up.
CRM_WINDOW_SECONDS = integer("CRM_WINDOW_SECONDS", 180, least=1 if EMBEDDED else 60, most=3600)
CRM_READ_SECONDS = integer("CRM_READ_SECONDS", 75, least=1 if EMBEDDED else 30, most=150)

FILES_BACKEND = env.str("FILES_BACKEND", default="apps.integrations.files.nextcloud.Nextcloud")
NEXTCLOUD_URL = env.str("NEXTCLOUD_URL", default=_sandbox("nextcloud"))
NEXTCLOUD_USER = env.str("NEXTCLOUD_USER", default=_stand_in)
NEXTCLOUD_PASSWORD = env.str("NEXTCLOUD_PASSWORD", default=_stand_in)
NEXTCLOUD_FOLDER = env.str("NEXTCLOUD_FOLDER", default="Claims")

ARCHIVE_BACKEND = env.str("ARCHIVE_BACKEND", default="apps.integrations.archive.s3.S3Archive")
if together("ARCHIVE_S3_ENDPOINT_URL", "ARCHIVE_S3_BUCKET", "ARCHIVE_S3_ACCESS_KEY", "ARCHIVE_S3_SECRET_KEY"):
    ARCHIVE_S3 = {
        "endpoint_url": env.str("ARCHIVE_S3_ENDPOINT_URL"),
        "bucket": env.str("ARCHIVE_S3_BUCKET"),
        "access_key": env.str("ARCHIVE_S3_ACCESS_KEY"),
        "secret_key": env.str("ARCHIVE_S3_SECRET_KEY"),
        "region": env.str("ARCHIVE_S3_REGION", default="us-east-1"),
    }
else:  # beside the intake's files
    ARCHIVE_S3 = {
        "endpoint_url": env.str("S3_ENDPOINT_URL", default=_sandbox("s3")),
        "bucket": env.str("S3_BUCKET", default="archive"),
        "access_key": env.str("S3_ACCESS_KEY", default=_stand_in),
        "secret_key": env.str("S3_SECRET_KEY", default=_stand_in),
        "region": env.str("S3_REGION", default="us-east-1"),
    }

N8N_URL = env.str("N8N_URL", default=_sandbox("n8n/webhook/claimdesk"))
N8N_EVENTS = env.list("N8N_EVENTS", default=["claim.submitted", "claim.registered", "claim.status_changed"])
N8N_TOKEN = env.str("N8N_TOKEN", default=_stand_in)
N8N_SECRETS = env.list("N8N_SECRETS", default=[_stand_in] if _stand_in else [])

EVENTS_URL = env.str("EVENTS_URL", default="")
EVENTS_EXCHANGE = env.str("EVENTS_EXCHANGE", default="crm.events")
EVENTS_EXCHANGE_TYPE = choice("EVENTS_EXCHANGE_TYPE", "topic", ("topic", "direct", "fanout", "headers"))


def _amount(name: str) -> Decimal:
    """The money in `name`, as in 0.25; 0 if it is not set."""
    text = env.str(name, default="0")
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", text):
        raise ImproperlyConfigured(f"CLAIMDESK_{name} must be an amount of money, as in 0.25.")
    return Decimal(text)


# --- who advises on a claim: the rules alone, or a language model or n8n beside them
ADVISER = choice("ADVISER", "rules", ("rules", "model", "n8n"))
if not EMBEDDED and ADVISER == "model":
    required("LLM_URL", "LLM_KEY", "LLM_PRICE_IN", "LLM_PRICE_OUT", "LLM_DAY_BUDGET")
if not EMBEDDED and ADVISER == "n8n":
    required("N8N_URL", "N8N_SECRETS")
LLM_BACKEND = env.str("LLM_BACKEND", default="apps.integrations.llm.openai.OpenAI")
LLM_API = choice("LLM_API", "responses", ("responses", "chat"))
# Where calls cost money, prices and a cap are not left to chance.
_real_model = together("LLM_URL", "LLM_KEY", "LLM_PRICE_IN", "LLM_PRICE_OUT", "LLM_DAY_BUDGET")
LLM_URL = env.str("LLM_URL", default=_sandbox("openai/v1")).rstrip("/")
_llm = urlsplit(LLM_URL)
if not EMBEDDED and _real_model and _llm.scheme != "https" and _llm.hostname not in PRIVATE_HOSTS:
    raise ImproperlyConfigured("CLAIMDESK_LLM_URL must be an https address: what applicants wrote goes there.")
LLM_KEY = env.str("LLM_KEY", default=_stand_in)
LLM_MODEL = env.str("LLM_MODEL", default="gpt-5-mini")
LLM_REASONING = choice("LLM_REASONING", "low", ("off", "minimal", "low", "medium", "high"))
LLM_SECONDS = integer("LLM_SECONDS", 20, least=1, most=120)
LLM_PRICE_IN = _amount("LLM_PRICE_IN")
LLM_PRICE_OUT = _amount("LLM_PRICE_OUT")
LLM_DAY_BUDGET = _amount("LLM_DAY_BUDGET")
if _real_model and not LLM_DAY_BUDGET:
    raise ImproperlyConfigured("CLAIMDESK_LLM_DAY_BUDGET must be more than 0.")

# --- messages
SMS_BACKEND = env.str("SMS_BACKEND", default="apps.integrations.sms.smsc.SmscGateway")
_gateways = {
    "apps.integrations.sms.smsc.SmscGateway": ("https://smsc.ru", "smsc"),
    "apps.integrations.sms.smsru.SmsRuGateway": ("https://sms.ru", "smsru"),
    "apps.integrations.sms.smsaero.SmsAeroGateway": ("https://gate.smsaero.ru/v2", "smsaero"),
}
_real_sms, _sandbox_name = _gateways.get(SMS_BACKEND, ("", "smsc"))
_sandbox_sms = _sandbox(_sandbox_name)
SMS_URL = env.str("SMS_URL", default=_sandbox_sms if EMBEDDED else _real_sms)
if not EMBEDDED:
    required("SMS_PASSWORD")
if env.str("SMS_LOGIN", default=""):  # SMS.ru has a password alone
    together("SMS_LOGIN", "SMS_PASSWORD")
SMS_LOGIN = env.str("SMS_LOGIN", default="sandbox" if EMBEDDED else "")
SMS_PASSWORD = env.str("SMS_PASSWORD", default="sandbox")
SMS_SENDER = env.str("SMS_SENDER", default="")
SMS_REPORT_SECRET = env.str("SMS_REPORT_SECRET", default=_stand_in)
# Codes are shown on the page only where the sandbox's own gateway stands in for a real one; check core.E004 holds it.
SHOW_CODES = EMBEDDED and bool(SANDBOX_URL) and _sandbox_sms == SMS_URL

_email = email(default="consolemail://")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15  # s
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Claimdesk <claims@example.com>")

LOGGING_CONFIG = None
logs.configure(json=not EMBEDDED or env.bool("LOG_JSON", default=False), level=env.str("LOG_LEVEL", default="INFO"))
