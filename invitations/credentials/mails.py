"""E-mails about needs and credentials. None contains a credential, or a user name or address of one."""

from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from invitations.credentials.models import AccessNeed, Credential
from invitations.mails.recipients import send_to_member
from invitations.models.areas import Area
from invitations.models.invitations import AccessInvitation
from invitations.space.addresses import client_address
from partnerportal.accounts.models import User
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def send_needs_added(invitation: AccessInvitation, needs: Sequence[AccessNeed], *, by: User) -> None:
    """Notify the client that the agency added needs to their access."""
    letter = Letter(
        kind="needs_added",
        subject=_("%(agency)s needs something from you"),
        intro=_("%(person)s of %(agency)s needs access to: %(needs)s."),
        outro=[_("On the linked page, you can invite them as a user, or share a credential encrypted. Don’t send passwords by e-mail.")],
        button=_("View needs"),
        values={"person": str(by), "needs": ", ".join(need.name for need in needs)},
    )
    _send_to_client(invitation, letter, by=by)


def send_invited(need: AccessNeed) -> None:
    """Notify the agency that the client has invited it as a user."""
    letter = Letter(
        kind="need_invited",
        subject=_("%(who)s has invited you as a user"),
        intro=_("%(who)s has invited %(address)s as a user for %(need)s (%(area)s)."),
        outro=[_("Accept the invitation you received from that service.")],
        button=_("View credentials"),
        values={"address": need.address, **_need(need)},
    )
    _send_to_agency(need.invitation, letter)


def send_handed_over(credential: Credential) -> None:
    """Notify the agency that the client handed over a credential."""
    letter = Letter(
        kind="credential_handed_over",
        subject=_("%(who)s has shared a credential"),
        intro=_("%(who)s has shared a credential for %(need)s (%(area)s)."),
        outro=[_("It’s encrypted. Reveal it in the portal; the client sees who did, and when.")],
        button=_("View credentials"),
        values=_need(credential.need),
    )
    _send_to_agency(credential.invitation, letter)


def send_revealed(credential: Credential, *, by: User) -> None:
    """Notify the client of the first reveal of a credential."""
    letter = Letter(
        kind="credential_revealed",
        subject=_("%(agency)s has revealed a credential"),
        intro=_("%(person)s of %(agency)s has revealed the credential you shared for %(need)s (%(area)s)."),
        outro=[_("It’s deleted from the portal on %(date)s. You can delete it, and see all reveals, at any time.")],
        button=_("View credentials"),
        values={"person": str(by), "date": credential.deletes_at, **_need(credential.need)},
    )
    _send_to_client(credential.invitation, letter, by=by)


def _need(need: AccessNeed) -> dict[str, object]:
    return {"need": need.name, "area": lambda: str(Area(need.area).label)}


def _send_to_client(invitation: AccessInvitation, letter: Letter, *, by: User) -> None:
    agency, customer = invitation.agency, invitation.customer
    assert customer is not None  # noqa: S101  # for mypy: the access is connected
    queue_letter(
        replace(
            letter,
            to=invitation.client.email,
            language=invitation.language,
            values={"agency": str(agency), **letter.values},
            name=invitation.stated_name,
            link=f"{settings.SITE_URL}{client_address(agency, customer.merged_into or customer, 'invitations:space_credentials')}",
            signature=f"{by}\n{agency}",
            footer_reason=_("You’re receiving this e-mail because you gave %(agency)s access in the Partner Portal."),
            agency=agency,
            customer=customer,
            from_name=agency.name,
            reply_to=by.email,
        )
    )


def _send_to_agency(invitation: AccessInvitation | None, letter: Letter) -> None:
    assert invitation is not None and invitation.customer is not None  # noqa: S101  # for mypy: the access is connected
    customer = invitation.customer.merged_into or invitation.customer
    letter = replace(
        letter,
        values={"agency": str(invitation.agency), "who": lambda: invitation.display_name, **letter.values},
        link=f"{settings.SITE_URL}{reverse('invitations:shared_credentials', args=[customer.pk])}",
        customer=customer,
        reply_to=invitation.client.email,
    )
    send_to_member(letter, invitation.agency, customer.responsible_id, invitation.connected_by_id, about=invitation)
