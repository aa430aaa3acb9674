"""Access that clients give to an agency."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvitationsConfig(AppConfig):
    name = "invitations"
    label = "invitations"
    verbose_name = _("Invitations")

    def ready(self) -> None:
        from customers.models.prefetch import extra_subqueries, timeline_names
        from customers.services import erasure_hooks
        from invitations import access, events  # noqa: F401  # events: registers how this app's audit events read
        from invitations.services import erase_customer_access

        erasure_hooks.append(erase_customer_access)
        extra_subqueries[access.INVITATION_ROWS] = access.invitation_rows
        extra_subqueries[access.REQUEST_ROWS] = access.request_rows
        timeline_names.append(access.names_in_timeline)
