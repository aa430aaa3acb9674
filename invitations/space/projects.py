"""Projects with whose completion a client can let an access end."""

from django.db.models import Q

from customers.models import Project
from invitations.models import AccessInvitation
from invitations.queries import combine_access
from invitations.space.gates import shared_with
from invitations.space.queries import Space

OPEN = Q(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE])


def ending_projects(invitation: AccessInvitation) -> list[Project]:
    """Return the open projects that the client of a connected invitation knows.

    These are what the agency shares with the client, what it named in a granted access request, and the present one.
    """
    customer = invitation.customer
    assert customer  # noqa: S101  # connected
    space = Space(invitation.agency, customer, invitation.client, [invitation], combine_access([invitation]))
    known = {invitation.project_id, *invitation.requests.values_list("project", flat=True)} - {None}
    is_known = Q(pk__in=known) | Q(pk__in=shared_with(space, Project).values("pk"))
    return list(invitation.agency.projects.filter(is_known, OPEN).order_by("title", "pk"))
