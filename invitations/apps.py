"""Access that clients give to an agency."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvitationsConfig(AppConfig):
    name = "invitations"
    label = "invitations"
    verbose_name = _("Invitations")

    def ready(self) -> None:
        from customers.models.gathering import gathered_too, timeline_names
        from customers.services import before_erasure
        from invitations import access, events  # noqa: F401  # events: registers how this app's audit events read
        from invitations.services import forget_customer

        before_erasure.append(forget_customer)
        gathered_too[access.GATHERED] = access.gather
        gathered_too[access.GATHERED_REQUESTS] = access.gather_requests
        timeline_names.append(access.names_in_timeline)
