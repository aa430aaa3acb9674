"""Recovery of form input that was submitted after the session expired.

The input is stored in the new anonymous session, which signing in preserves, and fills the form
once. A signed cookie that outlives the session ensures that only the same user gets it back.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from partnerportal.accounts.known_browsers import remembered_user

SESSION_KEY = "kept_input"
#: Maximum length of stored input, in characters. No staff form needs as much.
MAX_LENGTH = 200_000

_V = TypeVar("_V", bound=Callable[..., Any])


def without_form_recovery(view: _V) -> _V:
    """Decorate a view whose input is never stored, because it is secret. The user has to enter it again."""
    view.keeps_no_input = True  # type: ignore[attr-defined]
    return view


def save_form_input(request: HttpRequest, *, confirming: bool = False) -> None:
    """Store the POST data of a known user, who is still signed in if `confirming`."""
    user_id = remembered_user(request)
    if request.method != "POST" or user_id is None:
        return
    saved: dict[str, Any] = {"path": request.path, "person": user_id, "confirming": confirming}
    if getattr(getattr(request.resolver_match, "func", None), "keeps_no_input", False):
        request.session[SESSION_KEY] = {**saved, "fields": ""}
        return
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    encoded = fields.urlencode()
    if fields and len(encoded) <= MAX_LENGTH:
        request.session[SESSION_KEY] = {**saved, "fields": encoded}


def recover_form_input(request: HttpRequest) -> QueryDict | None:
    """Return and delete the input that this user sent to this page, if any."""
    saved = request.session.get(SESSION_KEY)
    if saved and saved["person"] != request.user.pk:
        del request.session[SESSION_KEY]
        return None
    if not saved or saved["path"] != request.path:
        return None
    del request.session[SESSION_KEY]
    if not saved["fields"]:
        if not saved.get("confirming"):
            messages.info(request, _("You were signed out. Your input was secret, so it hasn’t been kept. Enter it again."))
        return None
    if saved.get("confirming"):
        messages.info(request, _("Thank you. Your input has been kept: check it and continue."))
    else:
        messages.info(request, _("You were signed out. Your input has been kept: check it and save."))
    return QueryDict(saved["fields"])
