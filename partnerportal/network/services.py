"""The steps of a profile: draft → submitted → registered | declined; a declined one can be submitted anew."""

from django.db import transaction
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.network.models import PartnerProfile

Status = PartnerProfile.Status


def submit_profile(profile: PartnerProfile, *, by: User) -> bool:
    """The agency asks to be registered; False if the profile's state doesn't allow it."""
    return _move(profile, {Status.DRAFT, Status.DECLINED}, Status.SUBMITTED, by=by)


def register_profile(profile: PartnerProfile, *, by: User) -> bool:
    """An admin lets the profile into the network; False unless it was submitted."""
    return _move(profile, {Status.SUBMITTED}, Status.REGISTERED, by=by)


def decline_profile(profile: PartnerProfile, *, by: User) -> bool:
    """An admin keeps the profile out of the network; False unless it was submitted."""
    return _move(profile, {Status.SUBMITTED}, Status.DECLINED, by=by)


@transaction.atomic
def _move(profile: PartnerProfile, allowed: set[Status], to: Status, *, by: User) -> bool:
    """One guarded step: of two at once, one wins and the other changes nothing."""
    values = {"status": to, **({"registered_at": timezone.now()} if to == Status.REGISTERED else {})}
    moved = PartnerProfile.objects.filter(pk=profile.pk, status__in=allowed).update(**values) == 1
    if moved:
        profile.refresh_from_db()
        record(f"profile.{to}", on=profile, label=profile.slug, agency=profile.agency, by=by)
    return moved
