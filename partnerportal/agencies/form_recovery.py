"""Recovery of form input that was submitted after the session expired.

The input is stored in the new anonymous session, which signing in preserves, and fills the form
once. A signed cookie that outlives the session ensures that only the same user gets it back.
"""

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from partnerportal.accounts.known_browsers import remembered_user

SESSION_KEY = "kept_input"
#: Maximum length of stored input, in characters. No staff form needs as much.
MAX_LENGTH = 200_000


def save_form_input(request: HttpRequest, *, confirming: bool = False) -> None:
    """Store the POST data of a known user, who is still signed in if `confirming`."""
    user_id = remembered_user(request)
    if request.method != "POST" or user_id is None:
        return
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    encoded = fields.urlencode()
    if fields and len(encoded) <= MAX_LENGTH:
        request.session[SESSION_KEY] = {"path": request.path, "fields": encoded, "person": user_id, "confirming": confirming}


def recover_form_input(request: HttpRequest) -> QueryDict | None:
    """Return and delete the input that this user sent to this page, if any."""
    saved = request.session.get(SESSION_KEY)
    if saved and saved["person"] != request.user.pk:
        del request.session[SESSION_KEY]
        return None
    if not saved or saved["path"] != request.path:
        return None
    del request.session[SESSION_KEY]
    if saved.get("confirming"):
        messages.info(request, _("Thank you. Your input has been kept: check it and continue."))
    else:
        messages.info(request, _("You were signed out. Your input has been kept: check it and save."))
    return QueryDict(saved["fields"])
