"""E-mails about messages."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from invitations.messages.models import Message
from invitations.models import AccessInvitation
from invitations.space.addresses import client_address
from partnerportal.agencies.models import Membership
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letters

#: Kind of the e-mails to clients.
CLIENT_KIND = "message"
#: Kinds of the e-mails that quote messages.
MESSAGE_KINDS = (CLIENT_KIND, "message_received")
#: Number of characters of a message that its e-mail quotes.
QUOTE_LENGTH = 1000


def send_to_members(message: Message, members: Sequence[Membership]) -> None:
    """Notify these members of a client's message."""
    letters = [
        Letter(
            kind="message_received",
            to=member.user.email,
            language=member.language,
            subject=_("New message from %(who)s"),
            intro=_("%(who)s has sent you a message about %(customer)s:"),
            quote=_start(message),
            outro=[_("Reply in the portal. There is no further e-mail about this conversation until you’ve read it.")],
            button=_("Read and reply"),
            link=f"{settings.SITE_URL}{reverse('invitations:shared_messages', args=[message.customer_id])}",
            values=_values(message),
            name=member.user.full_name,
            footer_reason=_("You’re receiving this e-mail because you work for %(agency)s."),
            agency=message.agency,
            customer=message.customer,
            to_team=True,
        )
        for member in members
    ]
    queue_letters(letters)


def send_to_clients(message: Message, invitations: Sequence[AccessInvitation]) -> None:
    """Notify the clients who gave these accesses of a message from the agency or from another client."""
    letters = [
        Letter(
            kind=CLIENT_KIND,
            to=invitation.client.email,
            language=invitation.language,
            subject=_("New message from %(who)s"),
            intro=_("%(who)s has sent you a message in your shared space with %(agency)s:"),
            quote=_start(message),
            outro=[_("Reply in the portal. There is no further e-mail about this conversation until you’ve read it.")],
            button=_("Read and reply"),
            link=f"{settings.SITE_URL}{client_address(message.agency, message.customer, 'invitations:space_messages')}",
            more_links=[(_("Turn off these e-mails"), f"{settings.SITE_URL}{reverse('invitations:client_data')}")],
            values=_values(message),
            name=invitation.stated_name,
            signature=str(message.agency),
            footer_reason=_("You’re receiving this e-mail because you gave, or offered, %(agency)s access in the Partner Portal."),
            agency=message.agency,
            customer=message.customer,
            from_name=message.agency.name,
        )
        for invitation in invitations
    ]
    queue_letters(letters)


def _start(message: Message) -> str:
    return Truncator(message.text).chars(QUOTE_LENGTH)


def _values(message: Message) -> dict[str, object]:
    return {
        "who": lambda: message.author_label,
        "agency": str(message.agency),
        "customer": lambda: message.customer.name_in_text,
    }
