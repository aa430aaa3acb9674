"""Signed cookie that identifies the last user of a browser after the session has ended."""

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponseBase

from partnerportal.accounts.models import User

COOKIE_NAME = "person"
#: Lifetime of the cookie, in seconds.
COOKIE_MAX_AGE = 60 * 60 * 24 * 30
_SALT = "kept_input"


def remember_user(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie unless it already identifies the user."""
    if remembered_user(request) != request.user.pk:
        response.set_signed_cookie(
            COOKIE_NAME,
            str(request.user.pk),
            salt=_SALT,
            max_age=COOKIE_MAX_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def remembered_user(request: HttpRequest) -> int | None:
    """Return the primary key of the browser's last user, or None without a valid cookie."""
    try:
        return int(request.get_signed_cookie(COOKIE_NAME, salt=_SALT, max_age=COOKIE_MAX_AGE) or "")
    except (KeyError, ValueError, BadSignature):
        return None


def is_known_browser(request: HttpRequest, email: str) -> bool:
    """Return whether the user with this address was the last user of the browser."""
    user_id = remembered_user(request)
    return user_id is not None and User.objects.filter(pk=user_id, email=email.lower()).exists()
