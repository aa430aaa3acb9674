"""A session that ends in the middle of a form must not cost what was typed.

The form that arrives without a session is kept in the new, anonymous one; signing in takes it along, and the page
where the form stands is filled with it again, once. Nothing is saved until the person presses the button.

Only for the person who typed it: a signed cookie, which outlives the session, says who that was.
"""

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import gettext as _

SESSION_KEY = "kept_input"
#: Characters; a session is no place for more, and no form of staff needs it.
LIMIT = 200_000
COOKIE = "person"
COOKIE_SECONDS = 60 * 60 * 24 * 30


def remember_person(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser know who works in it, for the time after the session."""
    if _person(request) != request.user.pk:
        response.set_signed_cookie(
            COOKIE,
            str(request.user.pk),
            salt=SESSION_KEY,
            max_age=COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def keep_input(request: HttpRequest, *, confirming: bool = False) -> None:
    """Put the posted form aside, if it is one that a person can have typed and we know whose it is.

    `confirming`: the session goes on, but the person is asked once more who they are.
    """
    person = _person(request)
    if request.method != "POST" or person is None:
        return
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    encoded = fields.urlencode()
    if fields and len(encoded) <= LIMIT:
        request.session[SESSION_KEY] = {"path": request.path, "fields": encoded, "person": person, "confirming": confirming}


def kept_input(request: HttpRequest) -> QueryDict | None:
    """What this person put aside for this page, once; None if nothing was."""
    kept = request.session.get(SESSION_KEY)
    if kept and kept["person"] != request.user.pk:
        del request.session[SESSION_KEY]
        return None
    if not kept or kept["path"] != request.path:
        return None
    del request.session[SESSION_KEY]
    if kept.get("confirming"):
        messages.info(request, _("Thank you. What you typed is still here; please check it and go on."))
    else:
        messages.info(request, _("You had been signed out. What you typed is still here; please check it and save."))
    return QueryDict(kept["fields"])


def _person(request: HttpRequest) -> int | None:
    """Who last worked in this browser, as far as the cookie can be trusted."""
    try:
        return int(request.get_signed_cookie(COOKIE, salt=SESSION_KEY, max_age=COOKIE_SECONDS) or "")
    except (KeyError, ValueError, BadSignature):
        return None
