"""The tests' settings with the limits of production, for a web process that stands alone."""

from tests.settings import *  # noqa: F403

del ACCOUNT_RATE_LIMITS  # noqa: F821
