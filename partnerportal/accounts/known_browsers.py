"""Who works in a browser: a signed cookie says so, for the time after the session."""

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponseBase

from partnerportal.accounts.models import User

COOKIE_NAME = "person"
COOKIE_MAX_AGE = 60 * 60 * 24 * 30
_SALT = "kept_input"


def remember_user(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser know who works in it."""
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
    """Whose key the cookie has, as far as it can be trusted: who worked in this browser last."""
    try:
        return int(request.get_signed_cookie(COOKIE_NAME, salt=_SALT, max_age=COOKIE_MAX_AGE) or "")
    except (KeyError, ValueError, BadSignature):
        return None


def is_known_browser(request: HttpRequest, email: str) -> bool:
    """Whether whoever has this address worked in this browser last."""
    person = remembered_user(request)
    return person is not None and User.objects.filter(pk=person, email=email.lower()).exists()
