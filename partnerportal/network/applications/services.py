"""Steps of an application. Each is one transaction under the application's lock, with its audit event and its e-mails."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Role, TeamInvitation
from partnerportal.agencies.services.team_invitations import invite
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.network.applications import mails
from partnerportal.network.applications.models import AgencyApplication, ApplicationStatus
from partnerportal.network.services.profiles import SlugTaken, new_profile, save_profile

#: Attempts to find a free address for a profile while others take addresses.
SLUG_ATTEMPTS = 10


def submit_application(*, submission: str, **fields: Any) -> AgencyApplication:
    """Save an application and send its personal link. A repeated submission returns the existing one."""
    try:
        with transaction.atomic():
            application = AgencyApplication.objects.create(submission=submission, **fields)
            mails.send_application_confirmation(application)
            return application
    except IntegrityError:
        existing = AgencyApplication.objects.filter(submission=submission).first()
        if existing is None:
            raise
        return existing


@transaction.atomic
def resend_confirmation(pk: int) -> bool:
    """Send the link of an unconfirmed application again. Return False if it was sent moments ago or too often, or doesn't exist."""
    application = AgencyApplication.objects.select_for_update().filter(pk=pk).first()
    if application is None or not application.can_be_resent:
        return False
    application.replace_lost_link()
    application.letters += 1
    application.mailed_at = timezone.now()
    application.save()
    mails.send_application_confirmation(application)
    return True


@transaction.atomic
def confirm_application(application: AgencyApplication) -> bool:
    """Confirm the applicant's address and notify the administrators. Return False if nothing changes."""
    locked = AgencyApplication.objects.select_for_update().filter(pk=application.pk, status=ApplicationStatus.UNCONFIRMED).first()
    if locked is None or locked.is_overdue:
        return False
    locked.status, locked.confirmed_at = ApplicationStatus.CONFIRMED, timezone.now()
    locked.save(update_fields=["status", "confirmed_at"])
    record("application.confirmed", locked, by=None, source=AuditEvent.Source.LINK)
    mails.send_application_to_admins(locked)
    return True


@transaction.atomic
def approve_application(application: AgencyApplication, *, by: User) -> bool:
    """Create the agency with a draft of its profile, and invite the applicant as its owner. Return False if it was already decided.

    Raises:
        ValidationError: The applicant's address can't be invited.
    """
    locked = _lock_undecided(application)
    if locked is None:
        return False
    agency = Agency.objects.create(name=locked.name, language=locked.language)
    _draft_profile(locked, agency, by=by)

    def send(invitation: TeamInvitation, *, account: User | None, by: User) -> None:
        mails.send_application_approved(invitation, account=account, by=by, application=locked)

    invite(agency, email=locked.email, role=Role.OWNER, by=by, send=send)
    locked.agency = agency
    _decide(locked, ApplicationStatus.APPROVED, by=by)
    return True


@transaction.atomic
def reject_application(application: AgencyApplication, *, reason: str, by: User) -> bool:
    """Reject the application and send the applicant the reason. Return False if it was already decided."""
    locked = _lock_undecided(application)
    if locked is None:
        return False
    locked.reason = reason
    _decide(locked, ApplicationStatus.REJECTED, by=by)
    mails.send_application_rejected(locked, by=by)
    return True


def delete_past_retention(batch: int) -> int:
    """Delete up to `batch` unconfirmed and decided applications past their term, and return their number."""
    with transaction.atomic():
        rows = AgencyApplication.objects.past_retention().select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch]
        deleted, _by_model = AgencyApplication.objects.filter(pk__in=list(rows)).delete()
    return deleted


def _lock_undecided(application: AgencyApplication) -> AgencyApplication | None:
    return AgencyApplication.objects.select_for_update().filter(pk=application.pk, status=ApplicationStatus.CONFIRMED).first()


def _decide(locked: AgencyApplication, status: ApplicationStatus, *, by: User) -> None:
    locked.status, locked.decided_at, locked.decided_by = status, timezone.now(), by
    locked.save(update_fields=["status", "decided_at", "decided_by", "reason", "agency"])
    record(f"application.{status}", locked, by=by)


def _draft_profile(locked: AgencyApplication, agency: Agency, *, by: User) -> None:
    """Save the draft of a profile. Its address is derived from the name; others can take that one at this moment."""
    values = {name: getattr(locked, name) for name in ("website", "city", "description", "contact_name")}
    for attempt in range(SLUG_ATTEMPTS):
        slug = new_profile(agency).slug
        try:
            save_profile(agency, values={"slug": slug, "contact_email": locked.email, **values}, version=0, by=by)
        except SlugTaken:
            if attempt + 1 == SLUG_ATTEMPTS:
                raise
        else:
            return
