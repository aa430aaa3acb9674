"""What teams store about the owner of an e-mail address."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.address_data import AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership, TeamInvitation
from partnerportal.agencies.services.team import lock_team, remove_member
from partnerportal.audit.services import record


def _memberships(person: Person) -> QuerySet[Membership]:
    return Membership.objects.filter(user__in=person.accounts).select_related("agency", "user")


def _remove_members(rows: QuerySet[Membership], _person: Person, by: User) -> None:
    for member in rows:
        remove_member(member, to=None, by=by)


def _invitations(person: Person) -> QuerySet[TeamInvitation]:
    return TeamInvitation.objects.filter(person.has("email"))


def _delete_invitations(rows: QuerySet[TeamInvitation], _person: Person, by: User) -> None:
    for invitation in rows:
        agency = lock_team(invitation.agency_id)
        if invitation.status == TeamInvitation.Status.PENDING:
            record("team.invitation_withdrawn", agency, by=by, label="")
        invitation.delete()


SECTIONS = [
    AddressData(
        "memberships",
        _("Team memberships"),
        _memberships,
        Effect.DELETED,
        _("The person leaves the team. Their open work becomes unassigned; their texts for the agency stay without their name."),
        values=("role", "created_at"),
        erase=_remove_members,
    ),
    AddressData(
        "team-invitations",
        _("Team invitations"),
        _invitations,
        Effect.DELETED,
        _("Links that weren’t used stop working."),
        values=("email", "role", "status", "created_at", "answered_at"),
        erase=_delete_invitations,
    ),
]
