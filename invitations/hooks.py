"""Registrations with other apps: erasure and merges of access and messages, and the customer page's access rows."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.merging.relations import RELATIONS, Relation
from customers.queries.customers import customer_page_sections
from customers.services.customers import erasure_hooks
from invitations import events  # noqa: F401  # registers the descriptions of audit events
from invitations.client_data import events as client_data_events  # noqa: F401  # the same
from invitations.client_data.exports import erase_exports
from invitations.client_data.queries import access_request_rows, access_rows, account_rows, message_rows
from invitations.messages import events as message_events  # noqa: F401  # the same
from invitations.messages.mails import CLIENT_KIND
from invitations.messages.services import combine_marks, erase_messages, forget_member, marks_of_same_person
from invitations.models import AccessInvitation, AccessRequest, Message, ReadMark
from invitations.queries import access_section
from invitations.services.invitations import erase_customer_access
from invitations.services.merging import access_of_same_client, connected_access, requests_to_same_client, unanswered_or_connected
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
)
register_type("messages", _("Messages"), CLIENT_KIND)
erasure_hooks.extend([erase_customer_access, erase_messages, erase_exports])
departure_hooks.append(forget_member)
customer_page_sections.append(access_section)
PERSONAL_DATA.extend(
    [
        PersonalData("account", account_rows),
        PersonalData("access", access_rows),
        PersonalData("access-requests", access_request_rows),
        PersonalData("messages", message_rows),
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
        Relation(Message, ngettext_lazy("%(count)d message", "%(count)d messages", "count"), anchor="access"),
        Relation(ReadMark, None, resolve=combine_marks, held=marks_of_same_person),
    ]
)
