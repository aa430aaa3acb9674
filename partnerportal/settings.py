"""Django settings. Everything that differs between installations is read from environment variables.

A missing or invalid variable raises an error that names it. `.env.example` documents the variables.
"""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from django_guid.integrations import CeleryIntegration

from partnerportal.core.log_filters import drop_client_error_traceback, redact_message, redact_secrets, without_tasks
from partnerportal.environment import Environment
from partnerportal.static_files import BUILD_DIR

BASE_DIR = Path(__file__).resolve().parent.parent

#: Version of the portal, shown to administrators.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

env = Environment()

# --- Installation ------------------------------------------------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY")
#: Former secret keys, newest first. Data that they signed or encrypted can still be read.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
if any(len(key) < 32 for key in [SECRET_KEY, *SECRET_KEY_FALLBACKS]):
    raise ImproperlyConfigured("SECRET_KEY must be at least 32 characters long (SECRET_KEY_FALLBACKS too)")

#: Public URL of the portal, without a path. Links in e-mails start with it.
SITE_URL: str = env.str("SITE_URL").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname or _site.path:
    raise ImproperlyConfigured("SITE_URL must be a URL such as https://portal.example.com")
_on_loopback = _site.hostname in {"127.0.0.1", "localhost", "::1"}
if _site.scheme == "http" and not _on_loopback:
    raise ImproperlyConfigured("SITE_URL must use https:// unless it is a loopback address")

#: Addresses of the operator's imprint and privacy policy, linked in the footer of public pages; empty: no link.
IMPRINT_URL, PRIVACY_URL = env.web_address("IMPRINT_URL"), env.web_address("PRIVACY_URL")

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[_site.hostname])
#: Number of proxies that append to X-Forwarded-For. 0 ignores this header, which any client can send.
TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
CSRF_TRUSTED_ORIGINS = [SITE_URL]

#: Folder for files created at run time, such as collected static files.
DATA_DIR = Path(env.str("PORTAL_DATA_DIR", default=str(BASE_DIR / ".portal"))).resolve()
#: Whether the demo data, whose passwords are public, can be loaded.
DEMO: bool = env.bool("PORTAL_DEMO", default=False)
if DEMO and not _on_loopback:
    raise ImproperlyConfigured("PORTAL_DEMO is only allowed with a loopback SITE_URL, because its passwords are public")

ROOT_URLCONF = "partnerportal.urls"
WSGI_APPLICATION = "partnerportal.wsgi.application"

# --- Applications ------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before the libraries, to override their commands and templates.
    "partnerportal.core",
    "partnerportal.accounts",
    "partnerportal.agencies",
    "partnerportal.outbox",
    "partnerportal.audit",
    "partnerportal.network",
    "customers",
    "requests_inbox",
    "invitations",
    "reviews",
    "partnerportal.desk",
    "partnerportal.demo",
    "partnerportal.accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_guid",
    "django_htmx",
    "heroicons",
    "pgtrigger",
]

MIDDLEWARE = [
    # First, so that all log entries contain the request ID.
    "django_guid.middleware.guid_middleware",
    "django.middleware.security.SecurityMiddleware",
    "partnerportal.core.middleware.SecurityHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Inside WhiteNoise, whose files are compressed when they are collected; outside everything that writes the body.
    "partnerportal.core.middleware.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "partnerportal.core.language_addresses.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "partnerportal.core.middleware.RateLimitMiddleware",
    "partnerportal.audit.middleware.AuditMiddleware",
    "partnerportal.accounts.middleware.UserPreferencesMiddleware",
    "partnerportal.agencies.middleware.AgencyMiddleware",
    "partnerportal.desk.middleware.MethodNotAllowedMiddleware",
    "partnerportal.desk.middleware.ViewCountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["partnerportal.core.template_loaders.FilesystemLoader", "partnerportal.core.template_loaders.AppDirectoriesLoader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "partnerportal.desk.context_processors.menu",
                "partnerportal.network.context_processors.site",
            ],
            "builtins": [f"partnerportal.core.templatetags.{name}" for name in ("portal", "dates", "fixed")],
        },
    },
]

FORM_RENDERER = "partnerportal.core.form_renderer.FormRenderer"

# --- Database, broker, cache -------------------------------------------------------------------------------------------

if env.split_url("DATABASE_URL").scheme not in {"postgres", "postgresql"}:
    raise ImproperlyConfigured("DATABASE_URL must be a URL such as postgres://user:password@host:5432/portal")
DATABASES = {"default": env.db_url("DATABASE_URL", engine="django.db.backends.postgresql")}
_db = DATABASES["default"]
# The folder of a Unix socket is parsed as an option, but `dbshell` expects it in HOST.
_db["HOST"] = _db.setdefault("OPTIONS", {}).pop("host", _db.get("HOST", ""))
_db |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
_db["OPTIONS"].setdefault("connect_timeout", 5)
#: Whether DATABASE_URL points to PgBouncer, which must then set the timeouts below (docs/operations.md).
DATABASE_USES_PGBOUNCER: bool = env.bool("DATABASE_USES_PGBOUNCER", default=False)
_db["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_USES_PGBOUNCER
#: Timeouts in seconds (0: none) for a statement, for waiting for a lock, and for an idle transaction.
#: Workers need longer ones, because they lock an e-mail's row during its SMTP delivery.
WEB_STATEMENT_TIMEOUT: int = env.not_negative("WEB_STATEMENT_TIMEOUT", default=15, unit="seconds")
WEB_LOCK_TIMEOUT: int = env.not_negative("WEB_LOCK_TIMEOUT", default=10, unit="seconds")
WEB_IDLE_TIMEOUT: int = env.not_negative("WEB_IDLE_TIMEOUT", default=60, unit="seconds")
WORKER_STATEMENT_TIMEOUT: int = env.not_negative("WORKER_STATEMENT_TIMEOUT", default=300, unit="seconds")
WORKER_LOCK_TIMEOUT: int = env.not_negative("WORKER_LOCK_TIMEOUT", default=60, unit="seconds")
WORKER_IDLE_TIMEOUT: int = env.not_negative("WORKER_IDLE_TIMEOUT", default=900, unit="seconds")
#: Whether Django compiles frequent queries once per process (docs/decisions/0023-compiled-queries.md).
COMPILED_QUERIES: bool = env.bool("COMPILED_QUERIES", default=True)
#: Whether PostgreSQL plans these queries once per connection.
PREPARED_QUERIES: bool = env.bool("PREPARED_QUERIES", default=True) and not DATABASE_USES_PGBOUNCER
if PREPARED_QUERIES:
    # Otherwise PostgreSQL plans the first five executions, and many queries each time, because it overestimates other plans.
    _db["OPTIONS"]["options"] = " ".join(["-c plan_cache_mode=force_generic_plan", *filter(None, [_db["OPTIONS"].get("options")])])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL")
if env.split_url("REDIS_URL").scheme not in {"redis", "rediss", "unix"}:
    raise ImproperlyConfigured("REDIS_URL must be a URL such as redis://host:6379, rediss://host:6379 or unix:///path/to.sock")
#: Seconds after which an unresponsive Redis counts as unavailable.
REDIS_TIMEOUT = 2

CACHES = {
    "default": {
        "BACKEND": "partnerportal.core.cache.FaultTolerantRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        # No retries, because a user waits for the response.
        "OPTIONS": {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT, "retry": None},
    },
}

# Kombu has its own URL format for Unix sockets and their database numbers.
CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix://"):
    CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
#: Maximum number of times that worker and beat try to reconnect (None: unlimited).
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": REDIS_TIMEOUT,
    "socket_connect_timeout": REDIS_TIMEOUT,
    # No retries, because a user may be waiting, and the next sweep publishes the task again.
    "max_retries": 0,
    # Seconds after which the task of a killed worker is delivered again.
    "visibility_timeout": 3600,
}
CELERY_WORKER_CONSUMER = "partnerportal.outbox.consumer:Consumer"
# By default Celery opens a database connection for each task, which takes longer than sending an e-mail.
CELERY_DB_REUSE_MAX = 1000
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
#: File that the worker or beat touches while it works (`heartbeat.py`); none if empty.
HEARTBEAT_FILE: str = env.str("HEARTBEAT_FILE", default="")

# --- E-mail ------------------------------------------------------------------------------------------------------------

_mail = env.email_url("EMAIL_URL")
if _mail["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend":
    _mail["EMAIL_BACKEND"] = "partnerportal.outbox.backends.FilePerMailBackend"
    _mail["EMAIL_FILE_PATH"] = f"/{_mail['EMAIL_FILE_PATH'].lstrip('/')}"
#: Folder of the e-mail files if EMAIL_URL is a `filemail:` URL.
EMAIL_FILE_PATH = ""
vars().update(_mail)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default=f"Partner Portal <noreply@{_site.hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
#: Maximum number of delivery attempts. By default they extend over about 40 hours.
OUTBOX_MAX_ATTEMPTS: int = env.positive("OUTBOX_MAX_ATTEMPTS", default=20)
#: Seconds before the first retry. Doubled after each attempt, up to 4 hours, with a random variation.
OUTBOX_RETRY_DELAY: float = env.positive("OUTBOX_RETRY_DELAY", default=30.0)
#: Seconds after which an e-mail is dispatched again if no worker has reported a result.
OUTBOX_LEASE: float = env.positive("OUTBOX_LEASE", default=90.0)
#: Seconds between checks for e-mails that are due but not claimed by a worker.
OUTBOX_SWEEP_INTERVAL: float = env.positive("OUTBOX_SWEEP_INTERVAL", default=15.0)
#: Seconds after which another worker continues an import, export, bulk action or search for duplicates.
#: Workers renew this lease after every batch.
IMPORT_LEASE: float = env.positive("IMPORT_LEASE", default=60.0)
#: Seconds between checks for review requests whose reminder is due.
REVIEW_REMINDER_INTERVAL: float = env.positive("REVIEW_REMINDER_INTERVAL", default=15 * 60.0)
CELERY_BEAT_SCHEDULE = {
    # The tasks expire so that they don't pile up while no worker is running.
    "sweep-outbox": {"task": "outbox.sweep", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "sweep-imports": {"task": "customers.sweep_imports", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "sweep-exports": {"task": "customers.sweep_exports", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "sweep-bulk": {"task": "customers.sweep_bulk", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "sweep-pairs": {"task": "customers.sweep_pairs", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "search-duplicates": {
        "task": "customers.search_duplicates",
        "schedule": crontab(hour="2", minute="37"),
        "options": {"expires": 60 * 60},
    },
    # Shortly after each hour, because the date changes on the hour or half-hour.
    "notify-of-deadlines": {"task": "customers.notify_deadlines", "schedule": crontab(minute="3"), "options": {"expires": 60 * 60}},
    # Every quarter of an hour, because some time zones differ by half-hours or quarters.
    "send-digests": {"task": "desk.send_digests", "schedule": crontab(minute="*/15"), "options": {"expires": 15 * 60}},
    "delete-settled-requests": {"task": "requests_inbox.delete_settled", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "refresh-reply-times": {"task": "requests_inbox.refresh_reply_times", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "delete-old-applications": {"task": "network.delete_old_applications", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "delete-old-emails": {"task": "outbox.delete_old", "schedule": crontab(hour="1", minute="47"), "options": {"expires": 60 * 60}},
    "remove-old-addresses": {
        "task": "audit.remove_old_addresses",
        "schedule": crontab(hour="1", minute="17"),
        "options": {"expires": 60 * 60},
    },
    "delete-ended-sessions": {"task": "accounts.delete_ended_sessions", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "expire-team-invitations": {"task": "agencies.expire_invitations", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "expire-access": {"task": "invitations.expire", "schedule": 10 * 60, "options": {"expires": 10 * 60}},
    "end-access": {"task": "invitations.end_access", "schedule": 10 * 60, "options": {"expires": 10 * 60}},
    "delete-revealed-credentials": {
        "task": "invitations.delete_revealed_credentials",
        "schedule": 60 * 60,
        "options": {"expires": 60 * 60},
    },
    "reencrypt-credentials": {"task": "invitations.reencrypt_credentials", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "sweep-data-exports": {
        "task": "invitations.sweep_data_exports",
        "schedule": OUTBOX_SWEEP_INTERVAL,
        "options": {"expires": OUTBOX_LEASE},
    },
    "sweep-address-erasures": {
        "task": "desk.sweep_address_erasures",
        "schedule": OUTBOX_SWEEP_INTERVAL,
        "options": {"expires": OUTBOX_LEASE},
    },
    "purge-data-exports": {"task": "invitations.purge_data_exports", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "purge-unconfirmed": {"task": "accounts.purge_unconfirmed", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "reseal-second-factors": {"task": "accounts.reseal_second_factors", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "remind-of-reviews": {"task": "reviews.remind", "schedule": REVIEW_REMINDER_INTERVAL, "options": {"expires": REVIEW_REMINDER_INTERVAL}},
    "sweep-rounds": {"task": "reviews.sweep_rounds", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "send-automatic-requests": {"task": "reviews.send_automatic", "schedule": crontab(minute="5"), "options": {"expires": 60 * 60}},
    "purge-imports": {"task": "customers.purge_imports", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "recount-ratings": {"task": "reviews.recount", "schedule": crontab(hour="3", minute="17"), "options": {"expires": 60 * 60}},
}

# --- Accounts ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["partnerportal.agencies.backends.Backend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "partnerportal.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "partnerportal.accounts.forms.accounts.LoginForm",
    "request_login_code": "partnerportal.accounts.forms.accounts.RequestLoginCodeForm",
    "confirm_login_code": "partnerportal.accounts.forms.accounts.ConfirmLoginCodeForm",
    "reset_password": "partnerportal.accounts.forms.accounts.ResetPasswordForm",
    "reset_password_from_key": "partnerportal.accounts.forms.accounts.ResetPasswordKeyForm",
    "reauthenticate": "partnerportal.accounts.forms.accounts.ReauthenticateForm",
    "set_password": "partnerportal.accounts.forms.accounts.SetPasswordForm",
    "change_password": "partnerportal.accounts.forms.accounts.ChangePasswordForm",
    "add_email": "partnerportal.accounts.forms.accounts.AddEmailForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# A code sent by e-mail proves as much as a password reset. It doesn't replace the second factor.
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
#: Rate limits enforced by allauth. The portal's own limits are in `accounts/forms/accounts.py`.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "request_login_code": "20/m/ip,3/5m/key", "reset_password": "20/m/ip"}
# Reports changes of password, e-mail address or second factor, in case of a takeover.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
# Seconds for which a sign-in or reauthentication permits sensitive actions.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
# Adding an e-mail address adds a way to sign in, so it requires reauthentication. Second factors always do.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_ADAPTER = "partnerportal.accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "partnerportal.accounts.forms.second_factors.AuthenticateForm",
    "reauthenticate": "partnerportal.accounts.forms.second_factors.ReauthenticateForm",
    "activate_totp": "partnerportal.accounts.forms.second_factors.ActivateTOTPForm",
    "add_webauthn": "partnerportal.accounts.forms.second_factors.AddPasskeyForm",
    "edit_webauthn": "partnerportal.accounts.forms.second_factors.RenamePasskeyForm",
    "authenticate_webauthn": "partnerportal.accounts.forms.second_factors.AuthenticateByPasskeyForm",
    "login_webauthn": "partnerportal.accounts.forms.second_factors.SignInByPasskeyForm",
    "reauthenticate_webauthn": "partnerportal.accounts.forms.second_factors.ReauthenticateByPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _on_loopback
MFA_TOTP_ISSUER = "Partner Portal"
#: Path of the Django admin.
ADMIN_PATH: str = env.str("ADMIN_PATH", default="admin/")
if not re.fullmatch(r"([\w-]+/)+", ADMIN_PATH, re.ASCII):
    raise ImproperlyConfigured(
        "ADMIN_PATH may contain letters, digits, - and _, and must end (but not start) with a slash, for example admin/"
    )
#: Whether the Django admin requires a second factor.
ADMIN_REQUIRES_MFA: bool = env.bool("ADMIN_REQUIRES_MFA", default=not _on_loopback)

# --- Language and time -------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
# The second folder overrides allauth's German, which addresses users informally.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "allauth"]
FORMAT_MODULE_PATH = "partnerportal.formats"
USE_TZ = True
#: Time zone of pages without an agency.
TIME_ZONE = "Europe/Berlin"

# --- Static files ------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
#: The second folder is generated from packages (`static_files/`).
STATICFILES_DIRS = [BASE_DIR / "static", BUILD_DIR]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Files are only requested by their hashed names.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "br", "woff", "woff2", "map")
#: Files served at the root, such as /favicon.ico, without reading the session.
WHITENOISE_ROOT = BASE_DIR / "static" / "root"
#: Seconds for which browsers cache these files. All other static files never expire.
WHITENOISE_MAX_AGE = 0 if DEBUG else 60 * 60 * 24 * 7
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Security ----------------------------------------------------------------------------------------------------------

_https = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
#: Days after a sign-in after which the session ends.
SESSION_DAYS: int = env.positive("SESSION_DAYS", default=14)
SESSION_COOKIE_AGE = 60 * 60 * 24 * SESSION_DAYS
SESSION_ENGINE = "partnerportal.accounts.session_store"
SECURE_SSL_REDIRECT = _https
# Health checks inside the network use plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: Disabled browser features, and those reserved to the portal's own pages: passkeys, copying links.
PERMISSIONS_POLICY = ", ".join(
    [f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")]
    + [f"{feature}=(self)" for feature in ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")]
)
#: Maximum size of a submitted form without files, in bytes. Larger ones get 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "partnerportal.core.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # Bootstrap's style sheet contains its check marks and arrows as data: URLs.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- Deadlines ---------------------------------------------------------------------------------------------------------

#: Days after which sent e-mails are deleted. Failed ones are kept until a member has marked them as seen.
SENT_MAIL_RETENTION: int = env.positive("SENT_MAIL_RETENTION", default=365)
#: Days after which failed e-mails are deleted even if no member has seen them (0: never).
FAILED_MAIL_RETENTION: int = env.not_negative("FAILED_MAIL_RETENTION", default=0, unit="days")
#: Days after which IP addresses are removed from audit events (0: never). A trigger protects them for 7 days.
IP_ADDRESS_RETENTION: int = env.retention("IP_ADDRESS_RETENTION", default=90, least=7)

#: Days for which a personal review link is valid.
REVIEW_LINK_DAYS: int = env.int("REVIEW_LINK_DAYS", default=90)
#: Days for which the author can change a review.
REVIEW_EDIT_DAYS: int = env.int("REVIEW_EDIT_DAYS", default=14)
#: Days after which one reminder is sent for an e-mailed review link (0: none).
REVIEW_REMINDER_DAYS: int = env.not_negative("REVIEW_REMINDER_DAYS", default=7, unit="days")
#: Days during which requesting the same review again must be confirmed (0: never).
REVIEW_REQUEST_COOLDOWN_DAYS: int = env.not_negative("REVIEW_REQUEST_COOLDOWN_DAYS", default=183, unit="days")
#: Days for which an invitation to a team can be accepted.
TEAM_INVITATION_DAYS: int = env.positive("TEAM_INVITATION_DAYS", default=7)
#: Days for which decided applications of agencies are kept.
APPLICATION_RETENTION: int = env.positive("APPLICATION_RETENTION", default=183)
#: Days after which an unanswered invitation or access request expires.
ACCESS_INVITATION_DAYS: int = env.positive("ACCESS_INVITATION_DAYS", default=30)

# --- Shared files ------------------------------------------------------------------------------------------------------

#: Maximum size of a shared file, in megabytes.
FILE_MAX_MB: int = env.positive("FILE_MAX_MB", default=10)
#: Total size of an agency's shared files, in megabytes. Administrators can change it for single agencies.
FILE_QUOTA_MB: int = env.positive("FILE_QUOTA_MB", default=1000)

# --- Metrics ---------------------------------------------------------------------------------------------------------------

#: Bearer token and networks that requests for /metrics need. If neither is set, nothing is counted and /metrics doesn't exist.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN must be at least 16 characters long")
METRICS_NETWORKS = env.networks("METRICS_NETWORKS")
METRICS_ENABLED = bool(METRICS_TOKEN or METRICS_NETWORKS)
if METRICS_ENABLED:
    MIDDLEWARE.insert(0, "partnerportal.metrics.middleware.MetricsMiddleware")

# --- Logs --------------------------------------------------------------------------------------------------------------

#: Log format: `line` for people, or `json` for machines (one object per line).
LOG_FORMAT: str = env.str("LOG_FORMAT", default="line" if _on_loopback else "json")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT must be “line” or “json”")
# Request IDs (the proxy's X-Request-ID or a new one) are added to responses, log entries and tasks.
DJANGO_GUID = {
    "GUID_HEADER_NAME": "X-Request-ID",
    "RETURN_HEADER": True,
    "EXPOSE_HEADER": False,
    "INTEGRATIONS": [CeleryIntegration()],
}
LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO")
#: Tasks that run several times a minute, whose messages would fill the log. They appear with LOG_LEVEL=DEBUG.
_sweeps = {str(entry["task"]) for entry in CELERY_BEAT_SCHEDULE.values() if entry["schedule"] == OUTBOX_SWEEP_INTERVAL}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "partnerportal.core.log_filters.line_formatter", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {
            "()": "partnerportal.core.log_filters.json_formatter",
            "fmt": "%(levelname)s %(name)s %(message)s %(correlation_id)s",
            "rename_fields": {"levelname": "level", "name": "logger", "correlation_id": "request_id"},
            "timestamp": "time",
        },
    },
    "filters": {
        "drop_client_error_traceback": {"()": "django.utils.log.CallbackFilter", "callback": drop_client_error_traceback},
        "redact_secrets": {"()": "django.utils.log.CallbackFilter", "callback": redact_secrets},
        "redact_message": {"()": "django.utils.log.CallbackFilter", "callback": redact_message},
        "without_sweeps": {
            "()": "django.utils.log.CallbackFilter",
            "callback": without_tasks(() if LOG_LEVEL == "DEBUG" else _sweeps),
        },
        "request_id": {"()": "django_guid.log_filters.CorrelationId"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["without_sweeps", "drop_client_error_traceback", "redact_secrets", "request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Handlers that send e-mails to ADMINS use the message as their subject.
        "django.request": {"filters": ["redact_message"]},
        # The development server; by default its handler bypasses the filters.
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # Logs every ID that it creates.
        "django_guid": {"level": "ERROR"},
    },
}
#: Address to which error reports are sent, without secrets and personal data; empty: none.
SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
if SENTRY_DSN and not re.fullmatch(r"https?://\w+@[^/@\s]+(/[^/@\s]+)*/\d+", SENTRY_DSN):
    raise ImproperlyConfigured("SENTRY_DSN must be a URL such as https://key@sentry.example.com/1")
if SENTRY_DSN and not find_spec("sentry_sdk"):
    raise ImproperlyConfigured("SENTRY_DSN requires the packages of requirements/sentry.txt")
DEFAULT_EXCEPTION_REPORTER = "partnerportal.core.error_reports.RedactingReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "partnerportal.core.error_reports.ReportFilter"

if DEBUG:
    # Serve static files without collecting them first.
    WHITENOISE_USE_FINDERS = True
