"""Recipients of e-mails about files and approvals: the clients whose access includes the area, and members of the agency."""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from invitations.files.models.approvals import Approval
from invitations.files.models.files import SharedFile
from invitations.models import AccessInvitation
from invitations.space.addresses import client_address
from invitations.space.queries import clients_of
from partnerportal.accounts.models import User
from partnerportal.agencies.models import DigestItem, InternalKind, Membership, Notification
from partnerportal.agencies.queries import active_members
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter

Item = SharedFile | Approval


def send_to_clients(letter: Letter, item: Item, *, by: User | None, page: str) -> None:
    """Send a letter about a file or approval to each client whose access includes its area. `by` is the member who acts."""
    agency, customer = item.agency, item.customer
    for invitation in covering(clients_of(customer), area_of(item)):
        queue_letter(
            replace(
                letter,
                to=invitation.client.email,
                language=invitation.language,
                name=invitation.stated_name,
                values={"agency": str(agency), "title": item.title, **letter.values},
                link=f"{settings.SITE_URL}{client_address(agency, customer, page, item.pk)}",
                signature=f"{by}\n{agency}" if by else str(agency),
                footer_reason=_("You’re receiving this e-mail because you gave %(agency)s access in the Partner Portal."),
                agency=agency,
                customer=customer,
                from_name=agency.name,
                reply_to=by.email if by else "",
            )
        )


def send_to_members(letter: Letter, item: Item, *, client: User, who: str, requested_by: int | None = None) -> None:
    """Notify the members of an action of a client: the one who requested it, the account manager, or else owners and managers.

    Members who chose the digest find the file or approval there instead.
    """
    agency, customer = item.agency, item.customer
    members = _concerned(active_members(agency, besides=client), requested_by, customer.responsible_id)
    kind = InternalKind.APPROVALS if isinstance(item, Approval) else Notification.FILES
    DigestItem.objects.add(members, kind, item.pk)
    for member in members:
        if member.is_notified_about(Notification.FILES):
            queue_letter(
                replace(
                    letter,
                    to=member.user.email,
                    language=member.language,
                    name=member.user.full_name,
                    values={"who": who, "customer": lambda: customer.name_in_text, "title": item.title, "agency": str(agency)},
                    link=f"{settings.SITE_URL}{item.get_absolute_url()}",
                    footer_reason=_("You’re receiving this e-mail because you work for %(agency)s."),
                    agency=agency,
                    to_team=True,
                    customer=customer,
                    reply_to=client.email,
                )
            )


def covering(invitations: Iterable[AccessInvitation], area: str) -> list[AccessInvitation]:
    """Return the first invitation of each client whose invitations include the area."""
    return list({invitation.client_id: invitation for invitation in invitations if invitation.covers(area)}.values())


def area_of(item: Item) -> str:
    """Return the area that a client's access must include."""
    return item.effective_area if isinstance(item, Approval) else item.area


def _concerned(members: list[Membership], *preferred: int | None) -> list[Membership]:
    chosen = [member for member in members if member.user_id in preferred]
    return chosen or [member for member in members if member.is_manager]
