"""Authenticator apps."""

import time

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value, yield_hotp_counters_from_time

#: Minimum remaining validity of a returned code, in seconds.
MIN_VALIDITY = 3


def with_app(user):
    """Activate an authenticator app for the user, and return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code(secret):
    """Return the current code, or the next one if it is about to expire."""
    remaining = app_settings.TOTP_PERIOD - time.time() % app_settings.TOTP_PERIOD
    if remaining < MIN_VALIDITY:
        time.sleep(remaining)
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
