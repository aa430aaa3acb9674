"""What a person is told whose step came too late."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from partnerportal.core.pending import InvalidTransition


def explain_conflict(request: HttpRequest, taken: InvalidTransition) -> None:
    """Somebody was faster: what it is now, and that nothing happened."""
    what = {
        "pending": _("This is still pending."),
        "connected": _("This has already been connected."),
        "rejected": _("This has already been rejected."),
        "withdrawn": _("This has since been withdrawn."),
        "expired": _("This has since expired."),
        "revoked": _("The client has since revoked access."),
        "disconnected": _("This access has already been ended."),
        "granted": _("This has already been granted."),
        "declined": _("This has already been declined."),
    }[taken.state]
    nothing_done = _("Nothing was changed, and no e-mail was sent.")
    messages.info(request, f"{what} {nothing_done}")
