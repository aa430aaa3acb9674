"""The portal's own settings, and what only tests need: a finder of N+1 queries, static files without collecting them first."""

import os

from django.contrib.auth.hashers import Argon2PasswordHasher

from partnerportal.settings import *  # noqa: F403
from partnerportal.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, STATIC_ROOT, STORAGES

if template := os.environ.get("TEST_TEMPLATE"):
    # It has all tables already (tests/servers.py).
    DATABASES["default"]["TEST"] = {"TEMPLATE": template, "MIGRATE": False}

INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
# A request that queries for each row of a loop fails.
MIDDLEWARE = ["zeal.middleware.zeal_middleware", *MIDDLEWARE]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# allauth asks for the same address three times when a code is entered, and once each for the owner of the old and of the new address
# when one is changed; a session moves to a new key when the secret key has changed.
ZEAL_ALLOWLIST = [
    {"model": "account.EmailAddress", "field": "get()"},
    {"model": "account.EmailAddress", "field": "user"},
    {"model": "sessions.Session", "field": "get()"},
]
#: Many requests of one test come from one address.
ACCOUNT_RATE_LIMITS = False
# WhiteNoise warns of a missing folder, and a warning is an error here.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Argon2 is slow on purpose, and one in many tests signs in.
PASSWORD_HASHERS = ["tests.settings.QuickHasher"]


class QuickHasher(Argon2PasswordHasher):
    """The real one with the least work."""

    time_cost, memory_cost, parallelism = 1, 8, 1
