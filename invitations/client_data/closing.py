"""Closing of a client's account.

The transaction locks the customers of the person's access and requests in the order of their keys, then the account: the
order of all actions of clients. What was given in the meantime isn't locked, so everything begins again.
"""

from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.client_data import mails
from invitations.client_data.models import AddressChange, DataExport
from invitations.messages.services import forget_author
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import decline_request
from invitations.services.invitations import end_access_on_its_day, expire_each, revoke_access, withdraw_invitation
from partnerportal.accounts.models import CLOSED_DOMAIN, User
from partnerportal.accounts.services.accounts import end_sessions
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition

#: Number of times that closing begins again after something else has changed the person's access.
ATTEMPTS = 10


class _Changed(Exception):
    """Access was given or connected while the account was being closed."""


def refusal(user: User) -> str:
    """Return why the person can't close the account here, and what to do; empty if they can."""
    if user.is_staff:
        return _("This account administers the portal. Another administrator has to deactivate it.")
    agencies = ", ".join(user.memberships.order_by("pk").values_list("agency__name", flat=True))
    if agencies:
        return _("You work for %(agencies)s with this account. Leave the team first, on its page “Team”.") % {"agencies": agencies}
    return ""


def close_account(user: User) -> None:
    """End all access that the person has given, with the usual notifications, and make the account empty and unusable.

    Reviews, the audit log and what agencies have stored about their customers stay.

    Raises:
        ValidationError: The person works for an agency or administers the portal.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _close(user)
        except (InvalidTransition, _Changed):
            if attempt == ATTEMPTS - 1:
                raise
    return None


@transaction.atomic
def _close(user: User) -> None:
    customers = _lock_customers(user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    if _customers(locked) - customers:
        raise _Changed
    if reason := refusal(locked):
        raise ValidationError(reason, "is_staff")
    if locked.is_closed:
        return
    given = AccessInvitation.objects.filter(client=locked).order_by("pk")
    expire_each(given.past_end(), partial(end_access_on_its_day, even_if_reopened=True))
    for invitation in given.connected():
        revoke_access(invitation)
    for invitation in given.pending():
        withdraw_invitation(invitation)
    for access_request in AccessRequest.objects.sent_to(locked).pending().order_by("pk"):
        decline_request(access_request)
    mails.send_account_closed(to=locked.email, name=locked.full_name, language=locked.language or get_language() or "")
    record("account.closed", locked, by=None, label="", source=AuditEvent.Source.WEB)
    _empty(locked)


def _empty(locked: User) -> None:
    end_sessions(locked)
    forget_author(locked)
    for rows in (AddressChange.objects, DataExport.objects, EmailAddress.objects, Authenticator.objects):
        rows.filter(user=locked).delete()
    locked.email, locked.is_active = f"closed-{locked.pk}@{CLOSED_DOMAIN}", False
    locked.full_name = locked.language = locked.time_zone = ""
    locked.last_login = None
    # Not the constant of clients, whose accounts are deleted if they never signed in.
    locked.set_unusable_password()
    locked.save()


def _lock_customers(user: User) -> set[int]:
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=_customers(user))
    return set(rows.order_by("pk").values_list("pk", flat=True))


def _customers(user: User) -> set[int]:
    """Return the keys of the customers about which the person has given access or been asked for it."""
    given = Q(access_invitations__client=user, access_invitations__status="connected")
    asked = Q(access_requests__in=AccessRequest.objects.sent_to(user).pending().values("pk"))
    return set(Customer.objects.filter(given | asked).order_by().values_list("pk", flat=True))
