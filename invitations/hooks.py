"""Registrations with other apps: erasure and merges of access, and the customer page's access rows."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.merging.relations import RELATIONS, Relation
from customers.queries.customers import customer_page_sections
from customers.services.customers import erasure_hooks
from invitations import events  # noqa: F401  # registers the descriptions of audit events
from invitations.files import events as file_events  # noqa: F401  # the same
from invitations.files.services.files import erase_shared_files
from invitations.models import AccessInvitation, AccessRequest, Approval, SharedFile
from invitations.queries import access_section
from invitations.services.invitations import erase_customer_access
from invitations.services.merging import access_of_same_client, connected_access, requests_to_same_client, unanswered_or_connected
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
register_type("files", _("Files and approvals"), "file_shared", "approval_requested", "approval_withdrawn", "approval_decided")
erasure_hooks.extend([erase_customer_access, erase_shared_files])
customer_page_sections.append(access_section)
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
    ]
)
