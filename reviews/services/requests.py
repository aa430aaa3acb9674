"""Actions on review requests. Each function is one transaction, including its audit event.

Functions that also lock the customer lock it before the request, in the same order as erase_customer().
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Contact, Customer, Project
from partnerportal.accounts.models import User
from partnerportal.agencies.models import DigestItem, Membership, Notification
from partnerportal.agencies.queries import active_members
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.compiled import compiled
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.mails import send_reminder, send_review_request, send_undeliverable
from reviews.models import ReviewOptOut, ReviewRequest, ReviewRound

#: Requests that the reminder task loads at a time.
BATCH_SIZE = 500


@transaction.atomic
def request_review(
    *,
    customer: Customer,
    project: Project | None,
    by: User,
    by_mail: bool,
    contact: Contact | None = None,
    anyway: bool = False,
    greeting: str = "",
    closing: str = "",
    review_round: ReviewRound | None = None,
) -> ReviewRequest:
    """Request a review of the company or `project`, and e-mail the personal link if `by_mail`.

    `contact` receives the e-mails, by default the customer's primary contact. An open request for the
    same subject is reused with its link and e-mailed only once. Empty `greeting` and `closing` mean the
    default texts. A new request belongs to `review_round`.

    Raises:
        ValidationError: The customer can't be asked. With the code `recently_requested`, they can be
            asked with `anyway`.
    """
    customer = lock_customer(customer)
    contact = _chosen_contact(customer, contact)
    ensure_can_request(customer, contact or customer, by_mail=by_mail)
    review_request = _open_request(customer, project, contact, by=by, anyway=anyway, review_round=review_round)
    if by_mail and review_request.mailed_at is None:
        review_request.contact = contact
        review_request.greeting, review_request.closing = greeting, closing
        _mail(review_request, by=by)
        record("review_request.mailed", review_request, by=by)
    return review_request


def ensure_can_request(customer: Customer, recipient: Contact | Customer, *, by_mail: bool) -> None:
    """Raise ValidationError unless the recipient can be asked for a review, by e-mail if `by_mail`."""
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer is no longer active, so you can’t request a review."), "not_active")
    ensure_not_own_staff(recipient)
    if by_mail:
        ensure_can_email(recipient)


def ensure_not_own_staff(recipient: Contact | Customer, *, members: list[Membership] | None = None) -> None:
    """Raise ValidationError if the recipient's address belongs to the agency's staff (all `members`), in any spelling."""
    if recipient.agency.belongs_to_staff(recipient.email, members=members):
        raise ValidationError(
            _("This customer’s e-mail address belongs to your team. Team members can’t review their own agency."), "own_staff"
        )


def ensure_can_email(recipient: Contact | Customer) -> None:
    """Raise ValidationError if the recipient has no address or opted out of review e-mails."""
    if not recipient.email:
        raise ValidationError(_("This customer has no e-mail address. Add one, or create a link instead."), "no_email")
    if recipient.agency.review_opt_outs.for_email(recipient.email).exists():
        raise ValidationError(_("This customer has opted out of review e-mails from you. You can create a link instead."), "stopped")


@transaction.atomic
def resend_request(review_request: ReviewRequest, *, by: User) -> bool:
    """E-mail the existing link. Return False if it was e-mailed a moment ago.

    Raises:
        InvalidTransition: The request is no longer open.
        ValidationError: The customer can't be asked by e-mail, or the link is lost.
    """
    lock_customer(review_request.customer)
    locked = lock_open(review_request)
    ensure_can_request(locked.customer, locked.recipient, by_mail=True)
    if not locked.can_be_resent:
        return False
    if locked.link is None:
        raise ValidationError(_("This link can’t be resent. Create a new one."), "lost")
    action = "review_request.resent" if locked.mailed_at else "review_request.mailed"
    _mail(locked, by=by)
    record(action, locked, by=by)
    return True


@transaction.atomic
def replace_link(review_request: ReviewRequest, *, by: User) -> ReviewRequest:
    """Withdraw the request and return a new one with a new link, which isn't e-mailed.

    Raises:
        InvalidTransition: The request is no longer open.
        ValidationError: The customer is not active, or their address belongs to the agency's staff.
    """
    lock_customer(review_request.customer)
    locked = lock_open(review_request)
    ensure_can_request(locked.customer, locked.recipient, by_mail=False)
    _withdraw(locked)
    created = ReviewRequest.objects.create(
        agency=locked.agency,
        customer=locked.customer,
        project=locked.project,
        contact=locked.contact,
        round_id=locked.round_id,
        requested_by=by,
        greeting=locked.greeting,
        closing=locked.closing,
        requested_anyway=locked.requested_anyway,
    )
    record("review_request.replaced", created, by=by)
    return created


@transaction.atomic
def withdraw_request(review_request: ReviewRequest, *, by: User) -> None:
    """Invalidate the personal link.

    Raises:
        InvalidTransition: The request is no longer open.
    """
    locked = lock_open(review_request)
    _withdraw(locked)
    record("review_request.withdrawn", locked, by=by)


def remind_due() -> int:
    """Send all due reminders and return their number. Rows locked by a concurrent run are skipped."""
    if not settings.REVIEW_REMINDER_DAYS:
        return 0
    reminded, last_pk = 0, 0
    while True:
        due = ReviewRequest.objects.due_for_reminder().filter(pk__gt=last_pk).order_by("pk")
        rows = list(due.values_list("pk", "agency_id", "address")[:BATCH_SIZE])  # type: ignore[misc]  # annotated
        if not rows:
            return reminded
        last_pk = rows[-1][0]
        # Requests of opted-out customers stay due until they expire, so a batch is checked with one query.
        digests = {pk: set(tokens.address_digests(email)) for pk, _agency, email in rows}
        opt_outs = ReviewOptOut.objects.filter(address_digest__in=set().union(*digests.values()))
        opted_out = set(opt_outs.values_list("agency_id", "address_digest"))
        reminded += sum(remind(pk) for pk, agency, _email in rows if not any((agency, digest) in opted_out for digest in digests[pk]))


@transaction.atomic
def remind(pk: int) -> bool:
    """Send the reminder of a request. Return False if it isn't due or is locked by another process."""
    # With the customer locked, a concurrent opt-out is either seen here or waits for this e-mail.
    customer = Customer.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).filter(review_requests=pk).first()
    due = ReviewRequest.objects.due_for_reminder().select_for_update(of=("self",), skip_locked=True)
    related = ("agency", "customer__agency", "contact__agency", "project", "requested_by")
    locked = due.select_related(*related).filter(pk=pk).first()
    if customer is None or locked is None or locked.link is None:
        return False
    try:
        ensure_can_request(locked.customer, locked.recipient, by_mail=True)
    except ValidationError:
        return False
    locked.reminded_at = timezone.now()
    locked.mail = send_reminder(locked)
    locked.save(update_fields=["reminded_at", "mail"])
    record("review_request.reminded", locked, by=None, source=AuditEvent.Source.SYSTEM)
    return True


def record_delivery(mail: OutgoingMail) -> None:
    """Record on the request whether its latest e-mail could be delivered.

    Registered as a delivery hook; runs in the transaction that stores the e-mail's status.
    """
    requests = ReviewRequest.objects.select_for_update(of=("self",)).select_related("agency", "customer")
    review_request = requests.filter(mail=mail).first()
    failed = mail.status == OutgoingMail.Status.FAILED
    if review_request is None or failed == (review_request.undeliverable_at is not None):
        return
    review_request.undeliverable_at = timezone.now() if failed else None
    review_request.save(update_fields=["undeliverable_at"])
    if failed:
        record("review_request.undeliverable", review_request, by=None, source=AuditEvent.Source.SYSTEM)
        _notify_of_undeliverable(review_request)


def _notify_of_undeliverable(review_request: ReviewRequest) -> None:
    """Notify the member who sent the request, or owners and managers if they have left."""
    members = active_members(review_request.agency)
    senders = [member for member in members if member.user_id == review_request.requested_by_id]
    concerned = senders or [member for member in members if member.is_manager]
    send_undeliverable(review_request, to=[member for member in concerned if member.is_notified_about(Notification.UNDELIVERABLE)])
    DigestItem.objects.add(concerned, Notification.UNDELIVERABLE, review_request.pk)


def lock_customer(customer: Customer) -> Customer:
    """Lock a customer against concurrent requests, reminders and opt-outs."""
    # NO KEY, so that transactions with a locked request can still insert rows that reference the customer.
    locked: Customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    return locked


def lock_open(review_request: ReviewRequest) -> ReviewRequest:
    """Lock an open request.

    Raises:
        InvalidTransition: The request is no longer open, or was deleted by an erasure.
    """
    # If the customer was merged while the first query waited for the lock, its join no longer fits the row.
    for _attempt in range(2):
        for locked in _locked(pk=review_request.pk):
            locked.ensure_status(ReviewRequest.Status.OPEN)
            # All belong to the same agency. Joining it for each takes longer to plan than the rest of the query.
            locked.agency = locked.customer.agency = review_request.agency
            if locked.contact:
                locked.contact.agency = review_request.agency
            return locked
    raise InvalidTransition(ReviewRequest.Status.WITHDRAWN)


@compiled
def _locked(*, pk: Any) -> QuerySet[ReviewRequest]:
    requests = ReviewRequest.objects.select_for_update(of=("self",))
    return requests.select_related("customer", "contact", "project").filter(pk=pk)


def cancel_queued_email(locked: ReviewRequest) -> None:
    """Delete the request's latest e-mail from the outbox, unless it was sent or is being sent."""
    if locked.mail_id is None:
        return
    queued = OutgoingMail.objects.filter(pk=locked.mail_id, status=OutgoingMail.Status.QUEUED)
    # A worker that is sending the e-mail holds its lock.
    for mail in queued.select_for_update(skip_locked=True):
        mail.delete()


def keep_recipients(former: Contact) -> None:
    """Let a contact that is no longer the primary one still receive the e-mails of its review requests.

    Registered as a hook; runs in the transaction that makes another contact primary.
    """
    ReviewRequest.objects.filter(customer=former.customer_id, contact=None).update(contact=former)


def _chosen_contact(customer: Customer, contact: Contact | None) -> Contact | None:
    """Return the stored contact of a locked customer, or None for the primary one.

    Raises:
        ValidationError: The contact was removed in the meantime.
    """
    if contact is None:
        return None
    stored: Contact | None = customer.contacts.select_related("agency").filter(pk=contact.pk).first()
    if stored is None:
        raise ValidationError(_("This contact has since been removed. Select another one."), "removed")
    return None if stored.is_primary else stored


def _open_request(
    customer: Customer, project: Project | None, contact: Contact | None, *, by: User, anyway: bool, review_round: ReviewRound | None
) -> ReviewRequest:
    same_subject = ReviewRequest.objects.filter(customer=customer, project=project, status=ReviewRequest.Status.OPEN)
    same_subject.filter(expires_at__lte=timezone.now()).update(status=ReviewRequest.Status.EXPIRED)
    existing = same_subject.first()
    if existing and existing.link:
        return existing
    is_early = existing is None and customer.agency.review_requests.recently_requested(customer, project).exists()
    if is_early and not anyway:
        raise ValidationError(_("You requested this review recently. To request it again, select “Request anyway”."), "recently_requested")
    # Withdraws a request whose link no known key can recover.
    same_subject.update(status=ReviewRequest.Status.WITHDRAWN, withdrawn_at=timezone.now())
    created = ReviewRequest.objects.create(
        agency=customer.agency,
        customer=customer,
        project=project,
        contact=contact,
        round=review_round,
        requested_by=by,
        requested_anyway=is_early,
    )
    record("review_request.created_anyway" if is_early else "review_request.created", created, by=by)
    return created


def _mail(review_request: ReviewRequest, *, by: User) -> None:
    cancel_queued_email(review_request)
    review_request.mail = send_review_request(review_request, by=by)
    review_request.mailed_at, review_request.undeliverable_at = timezone.now(), None
    review_request.save(update_fields=["contact", "mail", "mailed_at", "undeliverable_at", "greeting", "closing"])


def _withdraw(locked: ReviewRequest) -> None:
    locked.status, locked.withdrawn_at = ReviewRequest.Status.WITHDRAWN, timezone.now()
    locked.save(update_fields=["status", "withdrawn_at"])
    cancel_queued_email(locked)
