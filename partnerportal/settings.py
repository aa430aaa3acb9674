"""Settings. Everything that differs between two installations comes from the environment, and only from there.

Whatever is missing or wrong stops the start and names its variable; nothing secret has a default. `.env.example` lists
the variables with their meaning; `make run` sets them for the demo (see `partnerportal/embedded/`).
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

import bootstrap_wrapper
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from django_guid.integrations import CeleryIntegration

from partnerportal.core.log_filters import drop_client_error_traceback, redact_secrets, redacted_message
from partnerportal.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()

# --- Where and how it runs ---------------------------------------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY")
#: Former keys, newest first: what they signed or sealed still opens.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
if any(len(key) < 32 for key in [SECRET_KEY, *SECRET_KEY_FALLBACKS]):
    raise ImproperlyConfigured("SECRET_KEY must be at least 32 characters long (SECRET_KEY_FALLBACKS too)")

#: The address under which people reach the portal, without a path: links in mails start with it.
SITE_URL: str = env.str("SITE_URL").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname or _site.path:
    raise ImproperlyConfigured("SITE_URL must be a URL such as https://portal.example.com")
_on_loopback = _site.hostname in {"127.0.0.1", "localhost", "::1"}
if _site.scheme == "http" and not _on_loopback:
    raise ImproperlyConfigured("SITE_URL must use https:// unless it is a loopback address")

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[_site.hostname])
#: Proxies in front, each of which adds its client to X-Forwarded-For: so far from the end stands the address of the person,
#: for the audit and for the rate limits of signing in. With 0 the header, which anybody can send, is not looked at.
TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
CSRF_TRUSTED_ORIGINS = [SITE_URL]

#: Files that are made at run time: collected static files, and what else is not in the database.
DATA_DIR = Path(env.str("PORTAL_DATA_DIR", default=str(BASE_DIR / ".portal"))).resolve()
#: The demo's sign-ins and data are there; never true in production.
DEMO: bool = env.bool("PORTAL_DEMO", default=False)
if DEMO and not _on_loopback:
    raise ImproperlyConfigured("PORTAL_DEMO is only allowed with a loopback SITE_URL, because its passwords are public")

ROOT_URLCONF = "partnerportal.urls"
WSGI_APPLICATION = "partnerportal.wsgi.application"

# --- Applications ------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # First, so that their commands and templates win over the libraries'.
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
    # First: whatever is logged carries the request's id.
    "django_guid.middleware.guid_middleware",
    "django.middleware.security.SecurityMiddleware",
    "partnerportal.core.middleware.SecurityHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
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
]

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
                "partnerportal.desk.context_processors.menu",
            ],
            "builtins": ["partnerportal.core.templatetags.portal"],
        },
    },
]

# --- Database, broker, cache -------------------------------------------------------------------------------------------

if urlsplit(env.str("DATABASE_URL")).scheme not in {"postgres", "postgresql"}:
    raise ImproperlyConfigured("DATABASE_URL must be a URL such as postgres://user:password@host:5432/portal")
DATABASES = {"default": env.db_url("DATABASE_URL", engine="django.db.backends.postgresql")}
_db = DATABASES["default"]
# A socket folder arrives as an option; only as HOST does `dbshell` find it, too.
_db["HOST"] = _db.setdefault("OPTIONS", {}).pop("host", _db.get("HOST", ""))
_db |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
_db["OPTIONS"].setdefault("connect_timeout", 5)
#: PgBouncer in transaction mode stands in between: nothing may outlive its transaction on a connection. So there are no cursors on
#: the server, and the limits below are the pooler's to set (docs/operations.md); Django prepares no statements anyway.
DATABASE_USES_PGBOUNCER: bool = env.bool("DATABASE_USES_PGBOUNCER", default=False)
_db["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_USES_PGBOUNCER
#: Seconds that the database gives a statement, the wait for a lock, and a transaction in which nothing happens (0: any number):
#: few where a person waits; in a worker enough for SMTP, which takes its time while the mail's row is locked. Commands such as
#: `migrate` have no limits. See `partnerportal/db_timeouts.py`.
WEB_STATEMENT_TIMEOUT: int = env.int("WEB_STATEMENT_TIMEOUT", default=15)
WEB_LOCK_TIMEOUT: int = env.int("WEB_LOCK_TIMEOUT", default=10)
WEB_IDLE_TIMEOUT: int = env.int("WEB_IDLE_TIMEOUT", default=60)
WORKER_STATEMENT_TIMEOUT: int = env.int("WORKER_STATEMENT_TIMEOUT", default=300)
WORKER_LOCK_TIMEOUT: int = env.int("WORKER_LOCK_TIMEOUT", default=60)
WORKER_IDLE_TIMEOUT: int = env.int("WORKER_IDLE_TIMEOUT", default=900)
for _name in [f"{_process}_{_what}_TIMEOUT" for _process in ("WEB", "WORKER") for _what in ("STATEMENT", "LOCK", "IDLE")]:
    if vars()[_name] < 0:
        raise ImproperlyConfigured(f"{_name} must be 0 or more (seconds)")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL")
if urlsplit(REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
    raise ImproperlyConfigured("REDIS_URL must be a URL such as redis://host:6379, rediss://host:6379 or unix:///path/to.sock")
#: Seconds until a server that doesn't answer counts as away.
REDIS_TIMEOUT = 2

CACHES = {
    "default": {
        "BACKEND": "partnerportal.core.cache.FaultTolerantRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        # Without retries: a person waits for the answer.
        "OPTIONS": {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT, "retry": None},
    },
}

# Kombu spells a socket's address, and the database number in it, in its own way.
CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix://"):
    CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
#: Worker and beat wait for the broker, however long it is away.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": REDIS_TIMEOUT,
    "socket_connect_timeout": REDIS_TIMEOUT,
    # Who hands out a job doesn't wait for the broker to come back: a person may be waiting, and the sweep comes.
    "max_retries": 0,
    # A task taken by a worker that was killed is handed out again after this many seconds.
    "visibility_timeout": 3600,
}
CELERY_WORKER_CONSUMER = "partnerportal.outbox.consumer:Consumer"
# Otherwise Celery connects to the database anew for each job, which takes longer than to send a mail.
CELERY_DB_REUSE_MAX = 1000
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
#: Worker and beat touch this file while they work (`partnerportal/heartbeat.py`), each one of its own; no file if empty.
HEARTBEAT_FILE: str = env.str("HEARTBEAT_FILE", default="")

# --- Mail --------------------------------------------------------------------------------------------------------------

if urlsplit(env.str("EMAIL_URL")).scheme not in env.EMAIL_SCHEMES:
    raise ImproperlyConfigured("EMAIL_URL must be a URL such as smtp+tls://user:password@mail.example.com:587")
_mail = env.email_url("EMAIL_URL")
if _mail["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend":
    _mail["EMAIL_BACKEND"] = "partnerportal.outbox.backends.FilePerMailBackend"
    _mail["EMAIL_FILE_PATH"] = f"/{_mail['EMAIL_FILE_PATH'].lstrip('/')}"
#: The folder for `filemail:` addresses.
EMAIL_FILE_PATH = ""
vars().update(_mail)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default=f"Partner Portal <noreply@{_site.hostname}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
#: A mail is tried this often, with growing pauses (30 s, 1 min, 2 min … 4 h, each up to 20 % shorter: about 40 hours in all).
OUTBOX_MAX_ATTEMPTS: int = env.int("OUTBOX_MAX_ATTEMPTS", default=20)
#: Seconds before the first retry; each later one waits twice as long, up to 4 hours.
OUTBOX_RETRY_DELAY: float = env.float("OUTBOX_RETRY_DELAY", default=30.0)
#: Seconds after which a mail that a worker took and didn't report on, or that the broker lost, is handed out again.
OUTBOX_LEASE: float = env.float("OUTBOX_LEASE", default=90.0)
#: Seconds between two looks for mails that are due and in nobody's hands.
OUTBOX_SWEEP_INTERVAL: float = env.float("OUTBOX_SWEEP_INTERVAL", default=15.0)
#: Seconds after which an import is given to another worker when the one that had it gives no sign of life (it does after every batch).
IMPORT_LEASE: float = env.float("IMPORT_LEASE", default=60.0)
#: Seconds between two looks for review requests that are to be reminded of.
REVIEW_REMINDER_INTERVAL: float = env.float("REVIEW_REMINDER_INTERVAL", default=15 * 60.0)
for _name in (
    "IMPORT_LEASE",
    "OUTBOX_MAX_ATTEMPTS",
    "OUTBOX_RETRY_DELAY",
    "OUTBOX_LEASE",
    "OUTBOX_SWEEP_INTERVAL",
    "REVIEW_REMINDER_INTERVAL",
):
    if vars()[_name] <= 0:
        raise ImproperlyConfigured(f"{_name} must be greater than 0")
CELERY_BEAT_SCHEDULE = {
    # While no worker runs, sweeps expire: after an hour, one has as much to do as two hundred.
    "sweep-outbox": {"task": "outbox.sweep", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "sweep-imports": {"task": "customers.sweep_imports", "schedule": OUTBOX_SWEEP_INTERVAL, "options": {"expires": OUTBOX_LEASE}},
    "delete-settled-requests": {"task": "requests_inbox.delete_settled", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "expire-team-invitations": {"task": "agencies.expire_invitations", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "expire-access": {"task": "invitations.expire", "schedule": 10 * 60, "options": {"expires": 10 * 60}},
    "purge-unconfirmed": {"task": "accounts.purge_unconfirmed", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "reseal-second-factors": {"task": "accounts.reseal_second_factors", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "remind-of-reviews": {"task": "reviews.remind", "schedule": REVIEW_REMINDER_INTERVAL, "options": {"expires": REVIEW_REMINDER_INTERVAL}},
    "purge-imports": {"task": "customers.purge_imports", "schedule": 60 * 60, "options": {"expires": 60 * 60}},
    "recount-ratings": {"task": "reviews.services.recount", "schedule": crontab(hour="3", minute="17"), "options": {"expires": 60 * 60}},
}

# --- Accounts ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
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
# Clients sign in by a code alone, and so may everybody: it proves what a password reset proves. A second factor is still asked for.
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
#: Where allauth counts by itself; `accounts/limits.py` says how such an answer reads, and what the portal counts beside.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "request_login_code": "20/m/ip,3/5m/key", "reset_password": "20/m/ip"}
# Whoever's password, address or second factor is changed reads so, at the address from before, in case it was somebody else.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
# Seconds after a sign-in, or the password typed anew, for which what needs it most is done without asking once more.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
# Another address is another way in; for second factors allauth asks anyway.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_ADAPTER = "partnerportal.accounts.services.second_factors.MFAAdapter"
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
#: Where the Django admin is.
ADMIN_PATH: str = env.str("ADMIN_PATH", default="admin/")
if not re.fullmatch(r"([\w-]+/)+", ADMIN_PATH, re.ASCII):
    raise ImproperlyConfigured(
        "ADMIN_PATH may contain letters, digits, - and _, and must end (but not start) with a slash, for example admin/"
    )
#: Whether the admin opens for people with a second factor only.
ADMIN_REQUIRES_MFA: bool = env.bool("ADMIN_REQUIRES_MFA", default=not _on_loopback)

# --- Language and time -------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
# The second: django-allauth's German says “du”.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "allauth"]
FORMAT_MODULE_PATH = "partnerportal.formats"
USE_TZ = True
#: Where no agency says otherwise.
TIME_ZONE = "Europe/Berlin"

# --- Static files ------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap", str(bootstrap_wrapper.get_bootstrap_dir()))]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# The source maps of others need no compressing, and under their plain names nothing is asked for.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "br", "woff", "woff2", "map")
#: Files served at the root, such as /favicon.ico; no session is read for them.
WHITENOISE_ROOT = BASE_DIR / "static" / "root"
#: Seconds for which browsers keep those. The names of all other files contain a hash, so they never expire.
WHITENOISE_MAX_AGE = 0 if DEBUG else 60 * 60 * 24 * 7
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Locks -------------------------------------------------------------------------------------------------------------

_https = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SESSION_ENGINE = "partnerportal.accounts.session_store"
SECURE_SSL_REDIRECT = _https
# Machines inside ask these, by plain http.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: What of the browser no page uses, and what only the portal's own pages may: passkeys, and the button that copies a link.
PERMISSIONS_POLICY = ", ".join(
    [f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")]
    + [f"{feature}=(self)" for feature in ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")]
)
#: A form may carry this many bytes before it is refused whole (413); single fields are limited far below, with a message.
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
        # data: is what Bootstrap's own style sheet draws its check marks and arrows with.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- Reviews -----------------------------------------------------------------------------------------------------------

#: Days for which a personal review link is good.
REVIEW_LINK_DAYS: int = env.int("REVIEW_LINK_DAYS", default=90)
#: Days for which its author can change a review.
REVIEW_EDIT_DAYS: int = env.int("REVIEW_EDIT_DAYS", default=14)
#: Days after which a mailed link is reminded of, once; 0: never.
REVIEW_REMINDER_DAYS: int = env.int("REVIEW_REMINDER_DAYS", default=7)
#: Days for which a customer isn't asked for the same thing again, unless on purpose: half a year; 0: always without a question.
REVIEW_REQUEST_COOLDOWN_DAYS: int = env.int("REVIEW_REQUEST_COOLDOWN_DAYS", default=183)
for _name in ("REVIEW_REMINDER_DAYS", "REVIEW_REQUEST_COOLDOWN_DAYS"):
    if vars()[_name] < 0:
        raise ImproperlyConfigured(f"{_name} must be 0 or more (days)")

# --- Team --------------------------------------------------------------------------------------------------------------

#: Days for which an invitation to a team can be accepted.
TEAM_INVITATION_DAYS: int = env.int("TEAM_INVITATION_DAYS", default=7)
if TEAM_INVITATION_DAYS <= 0:
    raise ImproperlyConfigured("TEAM_INVITATION_DAYS must be greater than 0")

# --- Access ------------------------------------------------------------------------------------------------------------

#: Days for which an invitation waits for the agency's answer, and an access request for the client's.
ACCESS_INVITATION_DAYS: int = env.int("ACCESS_INVITATION_DAYS", default=30)
if ACCESS_INVITATION_DAYS <= 0:
    raise ImproperlyConfigured("ACCESS_INVITATION_DAYS must be greater than 0")

# --- Logs --------------------------------------------------------------------------------------------------------------

#: How the log reads: `line` for people, `json` for machines, one object a line.
LOG_FORMAT: str = env.str("LOG_FORMAT", default="line" if _on_loopback else "json")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT must be “line” or “json”")
# The id of a request (the proxy's X-Request-ID, or a new one) is in the answer's header, in each line of the log, and goes with the
# jobs that the request hands out.
DJANGO_GUID = {
    "GUID_HEADER_NAME": "X-Request-ID",
    "RETURN_HEADER": True,
    "EXPOSE_HEADER": False,
    "INTEGRATIONS": [CeleryIntegration()],
}
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
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": drop_client_error_traceback},
        "nothing_hidden": {"()": "django.utils.log.CallbackFilter", "callback": redact_secrets},
        "redacted": {"()": "django.utils.log.CallbackFilter", "callback": redacted_message},
        "request_id": {"()": "django_guid.log_filters.CorrelationId"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["refusals", "nothing_hidden", "request_id"]}
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # The subject of a mail to ADMINS, if a handler sends any, is the message.
        "django.request": {"filters": ["redacted"]},
        # The development server; by default its handler bypasses the filters.
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # It tells of every id that it makes.
        "django_guid": {"level": "ERROR"},
    },
}
DEFAULT_EXCEPTION_REPORTER = "partnerportal.core.error_reports.RedactingReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "partnerportal.core.error_reports.ReportFilter"

if DEBUG:
    # The development server serves static files without collecting them first.
    WHITENOISE_USE_FINDERS = True
