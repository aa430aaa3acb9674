"""What agencies and the portal store about the owner of an e-mail address as a client, and its erasure.

Access ends with the services that administrators use for a single one. Its details are emptied before, so that the
notification of the agency doesn't contain them.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from invitations.client_data.closing import close_account
from invitations.messages.mails import MESSAGE_KINDS
from invitations.models import (
    AccessInvitation,
    AccessRequest,
    AddressChange,
    Approval,
    ApprovalDecision,
    Credential,
    DataExport,
    FileChunk,
    Message,
    SharedFile,
)
from invitations.services.invitations import DETAILS, end_access_as_admin, end_access_on_its_day, expire_each, withdraw_invitation
from partnerportal.accounts.address_data import AddressData, Effect, Person, Stage
from partnerportal.accounts.models import CLOSED_DOMAIN, User
from partnerportal.accounts.personal_data import PersonalFile
from partnerportal.outbox.models import OutgoingMail

#: E-mails to the agency about the end of access or the withdrawal of an invitation.
_NOTICES = ("access_withdrawn", "access_force_ended", "access_over")


def _accounts(person: Person) -> QuerySet[User]:
    return User.objects.filter(pk__in=person.accounts).exclude(email__endswith=f"@{CLOSED_DOMAIN}")


def _access(person: Person) -> QuerySet[AccessInvitation]:
    is_open = Q(status__in=[AccessInvitation.Status.PENDING, AccessInvitation.Status.CONNECTED])
    is_empty = Q(**dict.fromkeys(DETAILS, ""), domains=[])
    given = AccessInvitation.objects.filter(client__in=person.accounts)
    return given.filter(is_open | ~is_empty).select_related("agency", "client", "customer", "project")


def _access_requests(person: Person) -> QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(person.has("email")).select_related("agency", "customer")


def _messages(person: Person) -> QuerySet[Message]:
    return Message.objects.filter(author__in=person.accounts, side="client").exclude(text="")


def _files(person: Person) -> QuerySet[SharedFile]:
    return SharedFile.objects.filter(uploaded_by__in=person.accounts, from_client=True)


def _decisions(person: Person) -> QuerySet[ApprovalDecision]:
    return ApprovalDecision.objects.filter(decided_by__in=person.accounts).select_related("approval")


def _credentials(person: Person) -> QuerySet[Credential]:
    # Without the encrypted content.
    return Credential.objects.current().filter(invitation__client__in=person.accounts).select_related("need").defer("sealed")


def _address_changes(person: Person) -> QuerySet[AddressChange]:
    return AddressChange.objects.filter(person.has("email"))


def _downloads(person: Person) -> QuerySet[DataExport]:
    return DataExport.objects.filter(user__in=person.accounts)


def _files_of(shared: SharedFile) -> Iterator[PersonalFile]:
    for version in shared.versions.order_by("pk"):
        chunks = FileChunk.objects.filter(version=version).order_by("number").values_list("data", flat=True)
        yield PersonalFile(version.pk, version.name, (bytes(data) for data in chunks.iterator(chunk_size=4)))


def _erase_access(rows: QuerySet[AccessInvitation], _person: Person, by: User) -> None:
    """Empty the details of access, and end it."""
    for invitation in rows:
        _lock_customer(invitation.customer_id)
        if invitation.customer_id:
            # Notifications of members quote the client. What they notify of is in the portal.
            OutgoingMail.objects.filter(customer_id=invitation.customer_id, to_team=True).delete()
        row = AccessInvitation.objects.filter(pk=invitation.pk)
        row.update(**dict.fromkeys(DETAILS, ""), domains=[])
        expire_each(row.past_end(), partial(end_access_on_its_day, even_if_reopened=True))
        if row.pending().exists():
            withdraw_invitation(invitation)
        elif row.connected().exists():
            end_access_as_admin(invitation, reason="", by=by)
        row.past_expiry().update(status=AccessInvitation.Status.EXPIRED, ended_at=timezone.now())
        # The notification of the agency names nothing else of the person, so it can still be sent.
        notices = OutgoingMail.objects.filter(agency=invitation.agency_id, kind__in=_NOTICES, to_team=True, status="queued")
        notices.filter(reply_to=invitation.client.email).update(reply_to="")


def _lock_customer(key: int | None) -> None:
    """Lock a customer, as all actions on access do first."""
    list(Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk=key).values_list("pk"))


def _erase_access_requests(rows: QuerySet[AccessRequest], _person: Person, _by: User) -> None:
    for access_request in rows:
        _lock_customer(access_request.customer_id)
        row = AccessRequest.objects.filter(pk=access_request.pk)
        row.filter(status=AccessRequest.Status.PENDING).update(status=AccessRequest.Status.WITHDRAWN, answered_at=timezone.now())
        row.update(email="", message="")


def _empty_messages(rows: QuerySet[Message], _person: Person, _by: User) -> None:
    # E-mails about messages quote them, also to the customer's other clients.
    OutgoingMail.objects.filter(customer_id__in=list(rows.values_list("customer", flat=True)), kind__in=MESSAGE_KINDS).delete()
    rows.update(text="", author_name="")


def _delete_files(rows: QuerySet[SharedFile], _person: Person, _by: User) -> None:
    for shared in rows:
        _lock_customer(shared.customer_id)
        Approval.objects.filter(file=shared).delete()
        shared.delete()


def _close_accounts(rows: QuerySet[User], _person: Person, _by: User) -> None:
    for account in rows:
        close_account(account)


def _delete(rows: QuerySet[Any], _person: Person, _by: User) -> None:
    rows.delete()


SECTIONS = [
    AddressData(
        "accounts",
        _("Accounts"),
        _accounts,
        Effect.ANONYMISED,
        _("The account is closed: it loses its name, address, second factors and password, and no one can sign in with it."),
        values=("email", "full_name", "language", "time_zone", "date_joined", "last_login"),
        stage=Stage.ACCOUNTS,
        agency="",
        erase=_close_accounts,
    ),
    AddressData(
        "access",
        _("Access given to agencies"),
        _access,
        Effect.ANONYMISED,
        _("Access ends, the agency is notified, and the details are emptied. That there was access stays, with its dates."),
        values=(
            "name", "company", "phone", "street", "zip", "city", "country", "domains", "message", "language", "status", "scope", "areas",
            "created_at", "connected_at", "ends_on", "ended_at", "reason",
        ),
        erase=_erase_access,
    ),
    AddressData(
        "access-requests",
        _("Access requests"),
        _access_requests,
        Effect.ANONYMISED,
        _("Pending requests are withdrawn. The address and the message are emptied."),
        values=("email", "message", "status", "scope", "areas", "created_at", "expires_at", "answered_at"),
        erase=_erase_access_requests,
    ),
    AddressData(
        "messages",
        _("Messages in shared spaces"),
        _messages,
        Effect.ANONYMISED,
        _("The text is emptied. That a message was sent stays, so that answers keep their place."),
        values=("text", "created_at"),
        erase=_empty_messages,
        batch=500,
    ),
    AddressData(
        "files",
        _("Files uploaded as a client"),
        _files,
        Effect.DELETED,
        _("Deleted with all versions, and with approvals of them."),
        values=("title", "area", "created_at"),
        erase=_delete_files,
        files=_files_of,
    ),
    AddressData(
        "credentials",
        _("Shared credentials"),
        _credentials,
        Effect.DELETED,
        _("Deleted with the access. Exports say only that they exist."),
        values=("area", "created_at", "first_revealed_at"),
        agency="invitation__agency_id",
    ),
    AddressData(
        "approvals",
        _("Decisions about approvals"),
        _decisions,
        Effect.KEPT,
        _("The agency needs them as proof of what was approved. They lose the name, and are deleted with the customer."),
        values=("outcome", "comment", "sha256", "created_at"),
        agency="approval__agency_id",
    ),
    AddressData(
        "address-changes",
        _("Unfinished changes of addresses"),
        _address_changes,
        Effect.DELETED,
        _("The codes that were sent stop working."),
        values=("email", "created_at"),
        agency="",
        erase=_delete,
        batch=50,
    ),
    AddressData(
        "downloads",
        _("Downloads of personal data"),
        _downloads,
        Effect.DELETED,
        _("Deleted with the account."),
        values=("created_at", "status", "size"),
        agency="",
    ),
]  # fmt: skip
