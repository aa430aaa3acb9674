"""Registrations with other apps: erasure, merges and personal data of access and what it shares, and deadlines of access."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from customers.deadlines.kinds import DeadlineKind
from customers.deadlines.kinds import register as register_deadline
from customers.merging.relations import RELATIONS, Relation
from customers.queries.customers import customer_page_sections
from customers.services.customers import erasure_hooks
from invitations import events  # noqa: F401  # registers the descriptions of audit events
from invitations.client_data import events as client_data_events  # noqa: F401  # registers the descriptions of audit events
from invitations.client_data.address_data import SECTIONS
from invitations.client_data.exports import erase_exports
from invitations.client_data.queries import (
    access_request_rows,
    access_rows,
    account_rows,
    approval_rows,
    credential_rows,
    file_rows,
    message_rows,
    next_file,
)
from invitations.credentials import events as credential_events  # noqa: F401  # the same
from invitations.credentials.services.credentials import erase_credentials
from invitations.files import events as file_events  # noqa: F401  # the same
from invitations.files.services.files import erase_shared_files
from invitations.mails.terms import send_access_ending
from invitations.messages import events as message_events  # noqa: F401  # the same
from invitations.messages.mails import CLIENT_KIND
from invitations.messages.services import combine_marks, erase_messages, forget_member, marks_of_same_person
from invitations.models import AccessInvitation, AccessRequest, Approval, Message, ReadMark, SharedFile, Term
from invitations.queries import access_section
from invitations.services.invitations import erase_customer_access
from invitations.services.merging import access_of_same_client, connected_access, requests_to_same_client, unanswered_or_connected
from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.accounts.personal_data import PERSONAL_DATA, PersonalData
from partnerportal.agencies.services.team import departure_hooks
from partnerportal.outbox.kinds import register_type

register_type(
    "access",
    _("Access"),
    "access_request",
    "access_request_withdrawn",
    "access_request_expired",
    "access_connected",
    "access_rejected",
    "access_disconnected",
    "access_expired",
    "access_force_ended",
    "needs_added",
    "credential_revealed",
    "access_over",
    "access_ending",
    "access_ends_with_project",
    "access_continues",
    "access_extension_request",
)
register_type("messages", _("Messages"), CLIENT_KIND)
register_type("files", _("Files and approvals"), "file_shared", "approval_requested", "approval_withdrawn", "approval_decided")


def _access_with_an_end() -> QuerySet[Any]:
    # A project that closes lets access end on the same day, of which both parties are notified.
    return AccessInvitation.objects.not_ended().exclude(term=Term.PROJECT).select_related("agency", "client", "project")


def _access_text(invitation: AccessInvitation, day: date, _is_past: bool) -> str:
    return gettext("Access from %(name)s ends on %(date)s") % {"name": invitation.display_name, "date": date_format(day, "DATE_FORMAT")}


def _notify_client(invitation: AccessInvitation) -> None:
    send_access_ending(invitation)


register_deadline(
    DeadlineKind(
        "access",
        _access_with_an_end,
        date="ends_on",
        text=_access_text,
        url=AccessInvitation.get_absolute_url,
        steps=(7,),
        has_step_after=False,
        also_notify=_notify_client,
    )
)
erasure_hooks.extend([erase_customer_access, erase_credentials, erase_shared_files, erase_messages, erase_exports])
departure_hooks.append(forget_member)
customer_page_sections.append(access_section)
ADDRESS_DATA.extend(SECTIONS)
PERSONAL_DATA.extend(
    [
        PersonalData("account", account_rows),
        PersonalData("access", access_rows),
        PersonalData("access-requests", access_request_rows),
        PersonalData("messages", message_rows),
        PersonalData("files", file_rows, next_file),
        PersonalData("approvals", approval_rows),
        PersonalData("credentials", credential_rows),
    ]
)
RELATIONS.extend(
    [
        Relation(
            AccessInvitation,
            ngettext_lazy("%(count)d access", "%(count)d accesses", "count"),
            moves=connected_access,
            held=access_of_same_client,
            anchor="access",
        ),
        Relation(
            AccessRequest,
            ngettext_lazy("%(count)d access request", "%(count)d access requests", "count"),
            moves=unanswered_or_connected,
            held=requests_to_same_client,
            anchor="access",
        ),
        Relation(SharedFile, ngettext_lazy("%(count)d file", "%(count)d files", "count"), anchor="access"),
        Relation(Approval, ngettext_lazy("%(count)d approval", "%(count)d approvals", "count"), owner="file", anchor="access"),
        Relation(Message, ngettext_lazy("%(count)d message", "%(count)d messages", "count"), anchor="access"),
        Relation(ReadMark, None, resolve=combine_marks, held=marks_of_same_person),
    ]
)
