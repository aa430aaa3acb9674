"""The end of an access: the client extends it, the agency asks for that, and projects let it end when they are completed."""

from contextlib import suppress
from datetime import date

from django.db import transaction
from django.utils import timezone

from customers.models import Customer, Project
from invitations.mails import terms as mails
from invitations.models import AccessInvitation
from invitations.models.terms import END_FIELDS, Term
from invitations.services.invitations import lock_connected, record_new_end
from invitations.space.services import lock_for_member
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition


@transaction.atomic
def extend_access(invitation: AccessInvitation, *, ends_on: date, term: str, project: Project | None = None) -> AccessInvitation | None:
    """Let an access end later than on `ends_on`, the last day that the client saw. Months are added to it.

    Return the row with its new end, or None if the end has changed since, for example by the first of two clicks.

    Raises:
        InvalidTransition: The access has ended.
    """
    locked = lock_connected(invitation)
    if locked.ends_on != ends_on:
        return None
    locked.set_end(term, project=project, since=locked.ends_on)
    locked.save(update_fields=END_FIELDS)
    record_new_end(locked)
    mails.send_access_extended(locked)
    return locked


@transaction.atomic
def request_extension(invitation: AccessInvitation, *, by: User) -> bool:
    """Ask the client by e-mail to extend an access. Return False if they were asked before; another end can be asked about again.

    Raises:
        InvalidTransition: The access has ended.
        PermissionDenied: `by` was removed from the team.
        ValidationError: The customer is archived.
    """
    if customer := invitation.customer:
        # The access of a customer that is being erased has ended, which the next lock finds.
        with suppress(Customer.DoesNotExist):
            lock_for_member(customer.merged_into or customer, by=by)
    locked = lock_connected(invitation)
    if not locked.can_request_extension:
        return False
    locked.extension_requested_at = timezone.now()
    locked.save(update_fields=["extension_requested_at"])
    record("invitation.extension_requested", locked, by=by)
    mails.send_extension_request(locked, by=by)
    return True


@transaction.atomic
def decline_extension(invitation: AccessInvitation) -> bool:
    """Decline the agency's request for an extension. Return False if there is none, or it was already answered.

    Raises:
        InvalidTransition: The access has ended.
    """
    locked = lock_connected(invitation)
    if not locked.has_open_extension_request:
        return False
    locked.extension_declined_at = timezone.now()
    locked.save(update_fields=["extension_declined_at"])
    record("invitation.extension_declined", locked, by=None, source=AuditEvent.Source.WEB)
    mails.send_extension_declined(locked)
    return True


@transaction.atomic
def end_with_project(invitation: AccessInvitation) -> None:
    """Let an access end with today, because its project was completed, cancelled or deleted. Both parties are notified.

    Raises:
        InvalidTransition: The project is open again, the client chose another end, or the access has ended.
    """
    locked = lock_connected(invitation)
    if locked.term != Term.PROJECT or locked.ends_on or (locked.project and locked.project.is_open):
        raise InvalidTransition(locked.status, locked)
    locked.ends_on = locked.today
    locked.save(update_fields=["ends_on"])
    record("invitation.end_known", locked, by=None, term=locked.term, ends_on=locked.ends_on.isoformat())
    mails.send_access_ends_with_project(locked)


@transaction.atomic
def continue_with_project(invitation: AccessInvitation) -> None:
    """Let an access continue until its project, which is open again, is completed. The client is notified.

    Access whose last day has passed continues as well, unless it was already ended.

    Raises:
        InvalidTransition: The project isn't open, the client chose another end, or the access was ended.
    """
    rows = AccessInvitation.objects.select_for_update(of=("self",)).select_related("agency", "client", "customer", "project")
    locked: AccessInvitation = rows.get(pk=invitation.pk)
    if locked.status != AccessInvitation.Status.CONNECTED or locked.ends_on is None or not (locked.project and locked.project.is_open):
        raise InvalidTransition(locked.status, locked)
    locked.set_end(Term.PROJECT, project=locked.project)
    locked.save(update_fields=END_FIELDS)
    record("invitation.end_lifted", locked, by=None)
    mails.send_access_continues(locked)
