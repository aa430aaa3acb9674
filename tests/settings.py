"""Settings of the tests: detection of N+1 queries, faster passwords, static files without collectstatic."""

import os
from functools import cache

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.staticfiles.storage import StaticFilesStorage

from partnerportal.settings import *  # noqa: F403
from partnerportal.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, STATIC_ROOT, STORAGES

if template := os.environ.get("TEST_TEMPLATE"):
    # The template is already migrated (tests/servers.py).
    DATABASES["default"]["TEST"] = {"TEMPLATE": template, "MIGRATE": False}

INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
# Raises an error on N+1 queries.
MIDDLEWARE = ["zeal.middleware.zeal_middleware", *MIDDLEWARE]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "tests.settings.StaticFiles"}}
# Repeated queries of allauth, and of sessions after a change of SECRET_KEY.
ZEAL_ALLOWLIST = [
    {"model": "account.EmailAddress", "field": "get()"},
    {"model": "account.EmailAddress", "field": "user"},
    {"model": "sessions.Session", "field": "get()"},
]
#: Disabled, because all requests of a test have the same IP address.
ACCOUNT_RATE_LIMITS = False
#: Independent of the default, because tests contain dates at the end of this term.
REVIEW_LINK_DAYS = 90
# WhiteNoise warns about a missing folder, and warnings are errors.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
PASSWORD_HASHERS = ["tests.settings.QuickHasher"]


class QuickHasher(Argon2PasswordHasher):
    """Argon2 with minimal parameters."""

    time_cost, memory_cost, parallelism = 1, 8, 1


class StaticFiles(StaticFilesStorage):
    """Storage that joins the address of each file only once, because pages contain dozens of icons."""

    url = cache(StaticFilesStorage.url)
