"""A session that ends in the middle of a form must not cost what was typed.

The form that arrives without a session is kept in the new, anonymous one; signing in takes it along, and the page
where the form stands is filled with it again, once. Nothing is saved until the person presses the button.

Only for the person who typed it: a signed cookie, which outlives the session, says who that was.
"""

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from partnerportal.accounts.known_browsers import remembered_user

SESSION_KEY = "kept_input"
#: Characters; a session is no place for more, and no form of staff needs it.
MAX_LENGTH = 200_000


def save_form_input(request: HttpRequest, *, confirming: bool = False) -> None:
    """Put the posted form aside, if it is one that a person can have typed and we know whose it is.

    `confirming`: the session goes on, but the person is asked once more who they are.
    """
    person = remembered_user(request)
    if request.method != "POST" or person is None:
        return
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    encoded = fields.urlencode()
    if fields and len(encoded) <= MAX_LENGTH:
        request.session[SESSION_KEY] = {"path": request.path, "fields": encoded, "person": person, "confirming": confirming}


def recover_form_input(request: HttpRequest) -> QueryDict | None:
    """What this person put aside for this page, once; None if nothing was."""
    kept = request.session.get(SESSION_KEY)
    if kept and kept["person"] != request.user.pk:
        del request.session[SESSION_KEY]
        return None
    if not kept or kept["path"] != request.path:
        return None
    del request.session[SESSION_KEY]
    if kept.get("confirming"):
        messages.info(request, _("Thank you. Your input has been kept: check it and continue."))
    else:
        messages.info(request, _("You were signed out. Your input has been kept: check it and save."))
    return QueryDict(kept["fields"])
