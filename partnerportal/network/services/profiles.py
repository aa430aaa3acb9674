"""Actions on profiles: save, submit, register, decline. Each is one transaction, including its audit event."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record
from partnerportal.core.versions import EditConflict
from partnerportal.network.mails import send_profile_declined, send_profile_registered
from partnerportal.network.models import RESERVED_SLUGS, PartnerProfile, ProfileLogo, ProfileSlug, ProfileStatus
from partnerportal.network.queries import is_complete
from partnerportal.network.services.logos import Logo
from partnerportal.network.services.search import update_search_texts


class SlugTaken(Exception):
    """The address belongs, or once belonged, to another profile."""


def new_profile(agency: Agency) -> PartnerProfile:
    """Return an unsaved profile with a free address derived from the agency's name."""
    base = slugify(agency.name)[:70].strip("-") or "agency"
    taken = {*RESERVED_SLUGS, *ProfileSlug.objects.filter(slug__startswith=base).values_list("slug", flat=True)}
    slug = base if base not in taken else next(slug for number in count(2) if (slug := f"{base}-{number}") not in taken)
    return PartnerProfile(agency=agency, slug=slug, version=0)


@transaction.atomic
def save_profile(agency: Agency, *, values: dict[str, Any], version: int | None, by: User) -> PartnerProfile:
    """Save the changed values of the agency's profile, and create it if necessary. Old and new values are audited.

    `values` contains fields of the profile, the agency's `name`, and `logo`: a `Logo`, or None to remove it.

    Raises:
        EditConflict: The stored version differs from `version`, the one the user saw (0: no profile yet).
        SlugTaken: The address isn't free.
    """
    # Serializes concurrent saves, including those that create the profile.
    agency = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    profile = PartnerProfile.objects.filter(agency=agency).first() or PartnerProfile(agency=agency, version=0)
    profile.agency = agency
    if profile.version != version:
        raise EditConflict(profile)
    changes = _changes(profile, values)
    if not changes and profile.pk:
        return profile
    lists = {name: values[name] for name in ("services", "languages") if name in values}
    if "name" in changes:
        agency.name = values["name"]
        agency.save(update_fields=["name"])
    for name in values.keys() - {"name", "logo", *lists}:
        setattr(profile, name, values[name])
    if "logo" in values:
        profile.logo_digest = values["logo"].digest if values["logo"] else ""
        profile.tint = values["logo"].tint if values["logo"] else None
    profile.version += 1
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        # The form has checked the address, but another profile took it concurrently.
        raise SlugTaken from error
    for name, entries in lists.items():
        getattr(profile, name).set(entries)
    if "logo" in values:
        _store_logo(profile, values["logo"])
    update_search_texts(PartnerProfile.objects.filter(pk=profile.pk))
    record("profile.updated", profile, by=by, changes=changes)
    return profile


def _store_logo(profile: PartnerProfile, logo: Logo | None) -> None:
    if logo is None:
        ProfileLogo.objects.filter(profile=profile).delete()
    else:
        ProfileLogo.objects.update_or_create(profile=profile, defaults={"digest": logo.digest, "content": logo.content})


def _changes(profile: PartnerProfile, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the old and new values that differ, as stored in the audit event."""
    changes: dict[str, list[Any]] = {}
    old: Any
    new: Any
    for name, value in values.items():
        if name == "name":
            old, new = profile.agency.name, value
        elif name == "logo":
            old, new = profile.logo_digest, value.digest if value else ""
        elif name in {"services", "languages"}:
            old, new = _names(getattr(profile, name).all() if profile.pk else []), _names(value)
        else:
            old, new = getattr(profile, name), value
        if old != new:
            changes[name] = [old, new]
    return changes


def _names(entries: Iterable[Any]) -> list[str]:
    return sorted(entry.name_en for entry in entries)


def submit_profile(profile: PartnerProfile, *, by: User) -> bool:
    """Submit the profile for registration. Return False if its status doesn't allow it.

    Raises:
        ValidationError: A required field is empty.
    """
    if profile.can_be_submitted and not is_complete(profile):
        raise ValidationError(_("Your profile is incomplete. See the checklist."), "incomplete")
    return _transition(profile, {ProfileStatus.DRAFT, ProfileStatus.DECLINED}, ProfileStatus.SUBMITTED, by=by)


@transaction.atomic
def register_profile(profile: PartnerProfile, *, by: User) -> bool:
    """Publish a submitted profile and notify its agency. Return False if it wasn't submitted."""
    registered = _transition(profile, {ProfileStatus.SUBMITTED}, ProfileStatus.REGISTERED, by=by, registered_at=timezone.now())
    if registered:
        send_profile_registered(profile)
    return registered


@transaction.atomic
def decline_profile(profile: PartnerProfile, *, reason: str, by: User) -> bool:
    """Decline a submitted profile and send its agency the reason. Return False if it wasn't submitted."""
    declined = _transition(profile, {ProfileStatus.SUBMITTED}, ProfileStatus.DECLINED, by=by, decline_reason=reason)
    if declined:
        send_profile_declined(profile)
    return declined


@transaction.atomic
def _transition(
    profile: PartnerProfile, allowed: set[ProfileStatus], to: ProfileStatus, *, by: User, decline_reason: str = "", **values: Any
) -> bool:
    """Change the status. Only one of two concurrent calls succeeds; the other returns False."""
    profiles = PartnerProfile.objects.filter(pk=profile.pk, status__in=allowed)
    if not profiles.update(status=to, decline_reason=decline_reason, updated_at=timezone.now(), **values):
        return False
    profile.refresh_from_db()
    record(f"profile.{to}", profile, by=by, **({"reason": decline_reason} if decline_reason else {}))
    return True
