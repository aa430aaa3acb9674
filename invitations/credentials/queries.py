"""Needs and credentials as pages show them. The encrypted values aren't fetched."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from invitations.credentials.models import AccessNeed, Credential, CredentialReveal
from invitations.models.invitations import AccessInvitation
from invitations.space.gates import shared_with
from invitations.space.queries import Space


def needs_in(space: Space) -> list[AccessNeed]:
    """Return the needs that a client sees, with credentials and reveals."""
    accesses = space.invitations
    return [need for need in _with_credentials(shared_with(space, AccessNeed), accesses) if need.is_covered]


def needs_for_staff(accesses: Iterable[AccessInvitation]) -> list[AccessNeed]:
    """Return the needs of connected accesses, with credentials and reveals; needs of areas without access come last."""
    connected = list(accesses)
    needs = _with_credentials(AccessNeed.objects.filter(invitation__in=[access.pk for access in connected]), connected)
    return sorted(needs, key=lambda need: not need.is_covered)


def deleted_in(space: Space) -> list[Credential]:
    """Return the record of deleted credentials that a client sees in the space, newest first."""
    return _deleted(shared_with(space, Credential))


def deleted_of(access: AccessInvitation) -> list[Credential]:
    """Return the record of an access for its client, newest first: also of areas without access, and after its end."""
    return _deleted(Credential.objects.filter(invitation=access))


def open_needs(space: Space) -> QuerySet[AccessNeed]:
    """Return the needs for which the client has to do something."""
    handed_over = Credential.objects.current().filter(need=OuterRef("pk"))
    return shared_with(space, AccessNeed).filter(~Exists(handed_over), invited_at=None)


def _with_credentials(needs: QuerySet[AccessNeed], accesses: Iterable[AccessInvitation]) -> list[AccessNeed]:
    credentials = _with_reveals(Credential.objects.all())
    found = list(needs.order_by("pk").prefetch_related(Prefetch("credentials", credentials)))
    by_key = {access.pk: access for access in accesses}
    for need in found:
        need.invitation = by_key[need.invitation_id or 0]
    return found


def _deleted(credentials: QuerySet[Credential]) -> list[Credential]:
    return list(_with_reveals(credentials.exclude(deleted_at=None).select_related("need")))


def _with_reveals(credentials: QuerySet[Credential]) -> QuerySet[Credential]:
    reveals = CredentialReveal.objects.select_related("by").order_by("-pk")
    return credentials.defer("sealed").order_by("-pk").prefetch_related(Prefetch("reveals", reveals))
