"""What a person is told whose step came too late."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from invitations.services import StepTaken


def say_taken(request: HttpRequest, taken: StepTaken) -> None:
    """Somebody was faster: what it is now, and that nothing happened."""
    what = {
        "pending": _("It is waiting for an answer."),
        "connected": _("It has been connected already."),
        "rejected": _("It has been rejected already."),
        "withdrawn": _("It has been withdrawn meanwhile."),
        "expired": _("It has expired meanwhile."),
        "revoked": _("The client has taken the access back meanwhile."),
        "disconnected": _("The access has been ended already."),
        "granted": _("It has been granted already."),
        "declined": _("It has been declined already."),
    }[taken.state]
    nothing_done = _("Nothing was changed, and no e-mail was sent.")
    messages.info(request, f"{what} {nothing_done}")
