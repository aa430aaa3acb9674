"""Messages about conflicting updates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invitations.models import AccessInvitation, AccessRequest, Approval
from partnerportal.core.pending import InvalidTransition

#: Message for users whose action is no longer possible, by the current status.
CONFLICT_MESSAGES: dict[str, Any] = {
    AccessInvitation.Status.PENDING: gettext_lazy("This is still pending."),
    AccessInvitation.Status.CONNECTED: gettext_lazy("This has already been connected."),
    AccessInvitation.Status.REJECTED: gettext_lazy("This has already been rejected."),
    AccessInvitation.Status.WITHDRAWN: gettext_lazy("This has since been withdrawn."),
    AccessInvitation.Status.EXPIRED: gettext_lazy("This has since expired."),
    AccessInvitation.Status.REVOKED: gettext_lazy("The client has since revoked access."),
    AccessInvitation.Status.DISCONNECTED: gettext_lazy("This access has already been ended."),
    AccessRequest.Status.GRANTED: gettext_lazy("This has already been granted."),
    AccessRequest.Status.DECLINED: gettext_lazy("This has already been declined."),
    Approval.Status.APPROVED: gettext_lazy("This has already been approved."),
    Approval.Status.CHANGES_REQUESTED: gettext_lazy("Changes have already been requested."),
}


@contextmanager
def conflict_messages(request: HttpRequest) -> Iterator[None]:
    """Show the user a message instead of raising InvalidTransition."""
    try:
        yield
    except InvalidTransition as conflict:
        no_effect = _("Nothing was changed, and no e-mail was sent.")
        messages.info(request, f"{CONFLICT_MESSAGES[conflict.state]} {no_effect}")
