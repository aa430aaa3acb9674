"""Needs and credentials as pages show them. The encrypted values aren't fetched."""

from collections.abc import Iterable

from django.db.models import Prefetch

from invitations.credentials.models import AccessNeed, Credential, CredentialReveal
from invitations.models.invitations import AccessInvitation


def needs_of(invitations: Iterable[AccessInvitation]) -> list[AccessNeed]:
    """Return the needs of these accesses with their credentials and reveals; needs of areas without access come last."""
    accesses = {invitation.pk: invitation for invitation in invitations}
    reveals = CredentialReveal.objects.select_related("by").order_by("-pk")
    credentials = (
        Credential.objects.defer("sealed").order_by("-pk").prefetch_related(Prefetch("reveals", reveals, to_attr="shown_reveals"))
    )
    needs = AccessNeed.objects.filter(invitation__in=accesses).in_order()
    found = list(needs.prefetch_related(Prefetch("credentials", credentials, to_attr="shown_credentials")))
    for need in found:
        need.invitation = accesses[need.invitation_id or 0]
    return sorted(found, key=lambda need: not need.is_covered)
