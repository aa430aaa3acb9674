"""Settings of a separate web process: those of the tests with production rate limits."""

from tests.settings import *  # noqa: F403

del ACCOUNT_RATE_LIMITS  # noqa: F821
