"""What happens to profiles. Each function is one transaction, the audit event included.

The steps: draft → submitted → registered | declined; a declined one can be submitted anew.
"""

from collections.abc import Iterable
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
from partnerportal.network.models import PartnerProfile, ProfileLogo, ProfileSlug
from partnerportal.network.queries import is_complete
from partnerportal.network.services.logos import Logo

Status = PartnerProfile.Status


class SlugTaken(Exception):
    """The address belongs, or once belonged, to another profile."""


def new_profile(agency: Agency) -> PartnerProfile:
    """The profile of an agency that has none yet, not saved: with an address made of its name that nobody has."""
    base = slugify(agency.name)[:70].strip("-") or "agency"
    taken = set(ProfileSlug.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(slug for slug in _numbered(base) if slug not in taken)
    return PartnerProfile(agency=agency, slug=slug, version=0)


def _numbered(base: str) -> Iterable[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


@transaction.atomic
def save_profile(agency: Agency, *, values: dict[str, Any], version: int | None, by: User) -> PartnerProfile:
    """Save what has changed in the agency's profile, which is made at its first saving; with what changed in the audit, old and new.

    `values` go by the names of the profile's fields; further, `name` is the agency's, and `logo` a `Logo`, or None to remove it.

    Raises:
        EditConflict: the stored version is another than `version`, the one that the person saw (0: none yet).
        SlugTaken: the address isn't free.
    """
    # Whoever saves the same agency's profile at the same moment waits here, the first time, too; nobody else does.
    agency = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    profile = PartnerProfile.objects.filter(agency=agency).first() or PartnerProfile(agency=agency, version=0)
    profile.agency = agency
    if profile.version != version:
        raise EditConflict(profile)
    changes = _changes(profile, values)
    if not changes and profile.pk:
        return profile
    lists = {name: value for name, value in values.items() if name in {"services", "languages"}}
    plain = {name: value for name, value in values.items() if name not in {"name", "logo", *lists}}
    if "name" in changes:
        agency.name = values["name"]
        agency.save(update_fields=["name"])
    for name, value in plain.items():
        setattr(profile, name, value)
    if "logo" in values:
        profile.logo_digest = values["logo"].digest if values["logo"] else ""
    profile.version += 1
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        # Two at once can ask for the same address; the form has told all others.
        raise SlugTaken from error
    for name, chosen in lists.items():
        getattr(profile, name).set(chosen)
    if "logo" in values:
        _store_logo(profile, values["logo"])
    record("profile.updated", profile, by=by, changes=changes)
    return profile


def _store_logo(profile: PartnerProfile, logo: Logo | None) -> None:
    if logo is None:
        ProfileLogo.objects.filter(profile=profile).delete()
    else:
        ProfileLogo.objects.update_or_create(profile=profile, defaults={"digest": logo.digest, "content": logo.content})


def _changes(profile: PartnerProfile, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Old and new of what differs, as it stands in the audit."""
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
    """The agency asks to be registered; False if the profile's state doesn't allow it.

    Raises:
        ValidationError: it lacks something that it needs.
    """
    if profile.may_submit and not is_complete(profile):
        raise ValidationError(_("Your profile is incomplete. See the checklist."), "incomplete")
    return _move(profile, {Status.DRAFT, Status.DECLINED}, Status.SUBMITTED, by=by)


@transaction.atomic
def register_profile(profile: PartnerProfile, *, by: User) -> bool:
    """An admin lets the profile into the network, and its agency is told; False unless it was submitted."""
    moved = _move(profile, {Status.SUBMITTED}, Status.REGISTERED, by=by)
    if moved:
        send_profile_registered(profile)
    return moved


@transaction.atomic
def decline_profile(profile: PartnerProfile, *, reason: str, by: User) -> bool:
    """An admin keeps the profile out of the network, and its agency is told why; False unless it was submitted."""
    moved = _move(profile, {Status.SUBMITTED}, Status.DECLINED, by=by, decline_reason=reason)
    if moved:
        send_profile_declined(profile)
    return moved


@transaction.atomic
def _move(profile: PartnerProfile, allowed: set[Status], to: Status, *, by: User, decline_reason: str = "") -> bool:
    """One guarded step: of two at once, one wins and the other changes nothing."""
    values: dict[str, Any] = {"status": to, "decline_reason": decline_reason, "updated_at": timezone.now()}
    if to == Status.REGISTERED:
        values["registered_at"] = timezone.now()
    moved = PartnerProfile.objects.filter(pk=profile.pk, status__in=allowed).update(**values) == 1
    if moved:
        profile.refresh_from_db()
        data: dict[str, Any] = {"reason": decline_reason} if decline_reason else {}
        record(f"profile.{to}", profile, by=by, **data)
    return moved
