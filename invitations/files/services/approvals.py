"""Actions on approvals: request, withdraw and decide.

Every action first locks the customer, so that of two concurrent decisions the first one counts.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.files.mails import approvals as mails
from invitations.files.models.approvals import Approval, ApprovalDecision, Outcome, text_digest
from invitations.files.models.files import FileVersion, SharedFile
from invitations.space.gates import shared_with
from invitations.space.queries import Space
from invitations.space.services import SpaceClosed, lock_for_member, lock_space
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record


@transaction.atomic
def request_text_approval(*, customer: Customer, title: str, text: str, area: str, by: User) -> Approval:
    """Ask the customer's clients to approve a text.

    Raises:
        ValidationError: The customer is archived.
    """
    customer = lock_for_member(customer, by=by)
    approval = Approval.objects.create(
        agency=customer.agency, customer=customer, title=title, text=text, area=area, sha256=text_digest(text), requested_by=by
    )
    return _requested(approval, by=by)


@transaction.atomic
def request_version_approval(version: FileVersion, *, by: User) -> Approval:
    """Ask the customer's clients to approve the newest version of a file, which is shared with them by this.

    Raises:
        ValidationError: The customer is archived, the file was deleted, or there is a newer version or an approval of this one.
    """
    customer = lock_for_member(version.file.customer, by=by)
    shared = SharedFile.objects.select_for_update(of=("self",)).filter(pk=version.file_id, customer=customer).first()
    if shared is None:
        raise ValidationError(_("This file has since been deleted."), "deleted")
    if shared.versions.filter(number__gt=version.number).exists():
        raise ValidationError(_("There is a newer version. Request approval of that one."), "newer")
    if version.approvals.exclude(status=Approval.Status.WITHDRAWN).exists():
        raise ValidationError(_("Approval of this version has already been requested."), "requested")
    if not shared.is_shared:
        shared.is_shared = True
        shared.save(update_fields=["is_shared"])
        record("shared_file.shared", shared, by=by)
    approval = Approval.objects.create(
        agency=shared.agency,
        customer=customer,
        title=shared.title,
        file=shared,
        version=version,
        sha256=version.sha256,
        requested_by=by,
    )
    return _requested(approval, by=by)


@transaction.atomic
def withdraw_approval(approval: Approval, *, by: User) -> None:
    """Withdraw an open request for approval, and notify the clients.

    Raises:
        InvalidTransition: The approval was decided or withdrawn.
        ValidationError: The customer is archived.
    """
    lock_for_member(approval.customer, by=by)
    locked = _lock(approval)
    locked.ensure_open()
    locked.status = Approval.Status.WITHDRAWN
    locked.save(update_fields=["status"])
    record("approval.withdrawn", locked, by=by)
    mails.send_approval_withdrawn(locked, by=by)


@transaction.atomic
def decide(approval: Approval, *, space: Space, outcome: str, comment: str, sha256: str) -> ApprovalDecision:
    """Approve a text or version, or request changes. `sha256` is the hash of what the client saw.

    Raises:
        SpaceClosed: The client's access was ended or doesn't include the area, or the approval isn't shared any more.
        InvalidTransition: Another client has decided, or the agency has withdrawn the request.
        ValidationError: The customer is archived, the client saw something else, or has since joined the agency's team.
    """
    space = lock_space(space)
    if space.agency.memberships.filter(user=space.client).exists():
        raise ValidationError(_("You work for %(agency)s, so you can’t decide as a client.") % {"agency": space.agency}, "own_agency")
    if not shared_with(space, Approval).filter(pk=approval.pk).exists():
        raise SpaceClosed
    locked = _lock(approval)
    locked.ensure_open()
    if locked.sha256 != sha256:
        raise ValidationError(_("This isn’t what you were shown. Open the page again."), "other_content")
    decision = ApprovalDecision.objects.create(
        approval=locked, outcome=outcome, comment=comment, sha256=locked.sha256, decided_by=space.client
    )
    # The trigger of the decision has changed the row.
    locked.status = outcome
    action = "approval.approved" if outcome == Outcome.APPROVED else "approval.changes_requested"
    record(action, locked, by=None, source=AuditEvent.Source.WEB, sha256=locked.sha256)
    mails.send_approval_decided(decision, space=space)
    return decision


def _requested(approval: Approval, *, by: User) -> Approval:
    record("approval.requested", approval, by=by, sha256=approval.sha256)
    mails.send_approval_requested(approval, by=by)
    return approval


def _lock(approval: Approval) -> Approval:
    """Lock and return an approval of a locked customer."""
    rows = Approval.objects.select_for_update(of=("self",)).select_related("agency", "customer", "file", "version")
    locked: Approval = rows.get(pk=approval.pk)
    return locked
