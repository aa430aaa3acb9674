"""Who works in a browser: a signed cookie says so, for the time after the session."""

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponseBase

from partnerportal.accounts.models import User

COOKIE = "person"
COOKIE_SECONDS = 60 * 60 * 24 * 30
_SALT = "kept_input"


def remember_person(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser know who works in it."""
    if remembered_person(request) != request.user.pk:
        response.set_signed_cookie(
            COOKIE,
            str(request.user.pk),
            salt=_SALT,
            max_age=COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def remembered_person(request: HttpRequest) -> int | None:
    """Whose key the cookie has, as far as it can be trusted: who worked in this browser last."""
    try:
        return int(request.get_signed_cookie(COOKIE, salt=_SALT, max_age=COOKIE_SECONDS) or "")
    except (KeyError, ValueError, BadSignature):
        return None


def is_known(request: HttpRequest, email: str) -> bool:
    """Whether whoever has this address worked in this browser last."""
    person = remembered_person(request)
    return person is not None and User.objects.filter(pk=person, email=email.lower()).exists()
