"""Actions on what an agency needs from one client."""

from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.credentials import mails
from invitations.credentials.models import AccessNeed, NeedTemplate
from invitations.credentials.services.locking import lock_access_for_member, lock_for_client
from invitations.models.access_requests import AccessRequest
from invitations.models.areas import Scope, sorted_areas
from invitations.models.invitations import AccessInvitation
from invitations.space.queries import Space
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record


def attach_needs(access_request: AccessRequest, templates: Sequence[NeedTemplate]) -> None:
    """Copy entries of the list to a new access request, whose transaction it joins.

    Raises:
        ValidationError: The request doesn't include the area of one.
    """
    ensure_areas(templates, scope=access_request.scope, areas=access_request.areas)
    AccessNeed.objects.bulk_create(AccessNeed(access_request=access_request, **_copied(template)) for template in templates)


def ensure_areas(templates: Iterable[NeedTemplate], *, scope: str, areas: Sequence[str]) -> None:
    """Raise ValidationError for the field `needs` if an entry's area isn't included in a scope."""
    for template in templates:
        if scope != Scope.FULL and template.area not in areas:
            text = _("“%(need)s” needs the area %(area)s.") % {"need": template.name, "area": template.get_area_display()}
            raise ValidationError({"needs": text}, "area")


@transaction.atomic
def add_needs(customer: Customer, *, access: AccessInvitation, templates: Sequence[NeedTemplate], by: User) -> list[AccessNeed]:
    """Add entries of the list to a connected access and notify the client. Return the added needs.

    Entries that this access already has, with the same name, are left out.

    Raises:
        InvalidTransition: The access is no longer connected.
        ValidationError: The access doesn't cover the area of one, or the customer is archived.
        PermissionDenied: `by` was removed from the team.
    """
    locked = lock_access_for_member(customer, access.pk, by=by)
    ensure_areas(templates, scope=locked.scope, areas=locked.areas)
    taken = set(locked.needs.values_list("name", flat=True))
    needs = [AccessNeed(invitation=locked, **_copied(template)) for template in templates if template.name not in taken]
    if needs:
        AccessNeed.objects.bulk_create(needs)
        record("need.added", locked, by=by, areas=sorted_areas(need.area for need in needs))
        mails.send_needs_added(locked, needs, by=by)
    return needs


@transaction.atomic
def remove_need(need: AccessNeed, *, customer: Customer, by: User) -> None:
    """Remove a need without a credential.

    Raises:
        InvalidTransition: The access is no longer connected.
        ValidationError: The client handed over a credential, or the customer is archived.
        PermissionDenied: `by` was removed from the team.
    """
    locked = lock_access_for_member(customer, need.invitation_id or 0, by=by)
    if need.credentials.exists():
        raise ValidationError(_("The client has already shared a credential."), "handed_over")
    record("need.removed", locked, by=by, area=need.area)
    locked.needs.filter(pk=need.pk).delete()


@transaction.atomic
def mark_invited(need: AccessNeed, *, space: Space) -> bool:
    """Store that the client has invited the agency as a user, and notify it. Return False if this was stored before.

    Raises:
        SpaceClosed: The access was ended, or no longer covers the area.
        ValidationError: The customer is archived.
        AccessNeed.DoesNotExist: The agency removed the need in the meantime.
    """
    locked = lock_for_client(space, need)
    stored = AccessNeed.objects.select_for_update(of=("self",)).get(pk=need.pk)
    if stored.invited_at is not None:
        return False
    stored.invitation, stored.invited_at = locked, timezone.now()
    stored.save(update_fields=["invited_at"])
    record("need.invited", locked, by=None, source=AuditEvent.Source.WEB, area=stored.area)
    mails.send_invited(stored)
    return True


def _copied(template: NeedTemplate) -> dict[str, str]:
    return {name: getattr(template, name) for name in ("name", "area", "address", "instructions")}
