"""Change of a client's e-mail address. Codes are sent to the old and the new address, and both must be entered."""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.client_data import mails
from invitations.client_data.models import CODE_MINUTES, AddressChange
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import decline_request
from partnerportal.accounts.models import User
from partnerportal.accounts.queries import account_address, find_account
from partnerportal.accounts.services.accounts import end_sessions, replace_email_address
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.email_addresses import address_variants

#: Number of digits of a code.
CODE_LENGTH = 6
#: Number of wrong attempts after which the codes are invalid.
MAX_ATTEMPTS = 5
_SALT = "invitations.client_data.addresses"


@transaction.atomic
def start_change(user: User, *, email: str) -> AddressChange:
    """Send codes to both addresses. An earlier change that wasn't confirmed is replaced.

    The result doesn't reveal whether the new address has an account; its owner gets an e-mail without a code.

    Raises:
        ValidationError: It is the present address, or belongs to the team of an agency with access.
    """
    email = account_address(email)
    if email == user.email:
        raise ValidationError({"email": _("You already use this address.")})
    _ensure_not_of_team(user, email)
    old_code, new_code = _new_code(), _new_code()
    values = {"email": email, "old_code": _digest(old_code, user), "new_code": _digest(new_code, user)}
    change, _created = AddressChange.objects.update_or_create(user=user, defaults={**values, "attempts": 0, "created_at": timezone.now()})
    mails.send_code_to_old_address(user, code=old_code, email=email)
    if _is_used(email):
        mails.send_address_in_use(email, language=user.language or get_language() or "")
    else:
        mails.send_code_to_new_address(user, code=new_code, email=email)
    return change


def _ensure_not_of_team(user: User, email: str) -> None:
    given = AccessInvitation.objects.filter(client=user, status__in=["pending", "connected"]).select_related("agency")
    for invitation in given:
        if invitation.agency.belongs_to_staff(email):
            text = _("This address belongs to someone who works for %(agency)s, to which you’ve given access.")
            raise ValidationError({"email": text % {"agency": invitation.agency}})


class WrongCode(Exception):
    """A code is wrong. `left` is the number of attempts that remain."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


def confirm_change(user: User, *, old_code: str, new_code: str, session_key: str = "") -> None:
    """Change the address, and end all other sessions. Pending access requests to the old address move with it.

    Raises:
        WrongCode: One of the codes is wrong. The attempt is counted.
        ValidationError: The codes have expired, or the address now belongs to someone else.
    """
    if (left := _count_attempt(user, old_code, new_code)) is not None:
        raise WrongCode(left)
    try:
        _change(user, session_key=session_key)
    except IntegrityError as error:
        raise ValidationError(_("This address can’t be used. Start again with another one."), "in_use") from error


def delete_expired_changes() -> int:
    """Delete new addresses whose codes have expired, because they can be those of others. Return their number."""
    deleted, _by_model = AddressChange.objects.filter(created_at__lte=timezone.now() - timedelta(minutes=CODE_MINUTES)).delete()
    return deleted


@transaction.atomic
def _count_attempt(user: User, old_code: str, new_code: str) -> int | None:
    """Return None if both codes are right, or else the number of attempts that remain."""
    change = AddressChange.objects.select_for_update().filter(user=user).first()
    if change is None or change.is_expired or change.attempts >= MAX_ATTEMPTS:
        raise ValidationError(_("These codes are no longer valid. Start again."), "expired")
    # Both are compared, so that the answer doesn't tell which one is right.
    is_old = secrets.compare_digest(change.old_code, _digest(old_code, user))
    is_new = secrets.compare_digest(change.new_code, _digest(new_code, user))
    if is_old and is_new:
        return None
    change.attempts += 1
    change.save(update_fields=["attempts"])
    return MAX_ATTEMPTS - change.attempts


@transaction.atomic
def _change(user: User, *, session_key: str) -> None:
    requests = open_requests(user.email)
    named = AccessInvitation.objects.filter(client=user, name=user.email)
    # Customers first, as in all actions on access and its requests.
    customers = Customer.objects.filter(Q(pk__in=requests.values("customer")) | Q(pk__in=named.values("customer")))
    list(customers.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    list(named.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    locked = User.objects.select_for_update().get(pk=user.pk)
    change = AddressChange.objects.filter(user=locked).first()
    # Members of a team, which the person may have joined in the meantime, change it in another way.
    if change is None or not locked.is_active or locked.memberships.exists():
        raise ValidationError(_("These codes are no longer valid. Start again."), "expired")
    if _is_used(change.email):
        raise ValidationError(_("This address can’t be used. Start again with another one."), "in_use")
    _ensure_not_of_team(locked, change.email)
    old, locked.email = locked.email, change.email
    locked.save(update_fields=["email"])
    replace_email_address(locked)
    # Clients who have never stated a name are called by their address.
    named.update(name=locked.email)
    EmailAddress.objects.filter(user=locked).update(verified=True)
    for access_request in requests.select_for_update(of=("self",)).order_by("pk"):
        _move(access_request, locked)
    change.delete()
    end_sessions(locked, except_key=session_key)
    record("account.address_changed", locked, by=None, label="", source=AuditEvent.Source.WEB)
    mails.send_address_changed(locked, old=old)


def open_requests(email: str) -> QuerySet[AccessRequest]:
    """Return the pending access requests to an address."""
    return AccessRequest.objects.pending().filter(email__in=address_variants(email))


def _move(access_request: AccessRequest, user: User) -> None:
    """Address a request to the person's new address, or decline it if there is one about the same customer."""
    same = AccessRequest.objects.filter(customer=access_request.customer_id, status=AccessRequest.Status.PENDING)
    if same.filter(email__in=address_variants(user.email)).exists():
        decline_request(access_request)
        return
    access_request.email = user.email
    access_request.save(update_fields=["email"])
    record("access_request.moved", access_request, by=None, source=AuditEvent.Source.WEB)


def _is_used(email: str) -> bool:
    return find_account(email) is not None


def _new_code() -> str:
    return f"{secrets.randbelow(10**CODE_LENGTH):0{CODE_LENGTH}}"


def _digest(code: str, user: User) -> str:
    plain = "".join(code.split())
    return salted_hmac(_SALT, f"{user.pk}:{plain}", algorithm="sha256").hexdigest()
