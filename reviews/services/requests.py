"""What happens to review requests. Each function is one transaction, the audit event included."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer, Project
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.mails import send_reminder, send_review_request
from reviews.models import ReviewOptOut, ReviewRequest

#: A reminding task looks at this many requests at a time.
BATCH_SIZE = 500


@transaction.atomic
def request_review(
    *,
    customer: Customer,
    project: Project | None,
    by: User,
    by_mail: bool,
    anyway: bool = False,
    greeting: str = "",
    closing: str = "",
) -> ReviewRequest:
    """Ask `customer` to rate the company, or `project`; mail the personal link if `by_mail`.

    A request that is still open for the same thing is used again, so its link stays the same, and it is mailed once
    only: a second click changes nothing. `greeting` and `closing` are the mail's first and last words, empty the usual ones.

    Raises:
        ValidationError: the customer can't be asked, in words for the person who asks; with the code `recently_requested` they can,
            but only `anyway`.
    """
    customer = _lock_customer(customer)
    _refuse_inactive(customer)
    ensure_not_own_staff(customer)
    if by_mail:
        ensure_can_email(customer)
    review_request = _open_request(customer, project, by=by, anyway=anyway)
    if by_mail and review_request.mailed_at is None:
        review_request.greeting, review_request.closing = greeting, closing
        _mail(review_request, by=by)
        record("review_request.mailed", review_request, by=by)
    return review_request


def _refuse_inactive(customer: Customer) -> None:
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer is no longer active, so you can’t request a review."), "not_active")


def ensure_not_own_staff(customer: Customer) -> None:
    """Nobody reviews an agency from an address of its own staff, in any spelling, sub-addresses included.

    Raises:
        ValidationError: this customer's address is one.
    """
    if customer.agency.belongs_to_staff(customer.email):
        raise ValidationError(
            _("This customer’s e-mail address belongs to your team. Team members can’t review their own agency."), "own_staff"
        )


def ensure_can_email(customer: Customer) -> None:
    """No mail without an address, and none to somebody who said stop.

    Raises:
        ValidationError: it is so.
    """
    if not customer.email:
        raise ValidationError(_("This customer has no e-mail address. Add one, or create a link instead."), "no_email")
    if customer.agency.review_opt_outs.for_email(customer.email).exists():
        raise ValidationError(_("This customer has opted out of review e-mails from you. You can create a link instead."), "stopped")


@transaction.atomic
def resend_request(review_request: ReviewRequest, *, by: User) -> bool:
    """Mail the link, the same one, once more, or for the first time. False: it was mailed a moment ago.

    Raises:
        InvalidTransition: it isn't open any more.
        ValidationError: no mail can be sent, in words for the person.
    """
    _lock_customer(review_request.customer)
    locked = lock_open(review_request)
    _refuse_inactive(locked.customer)
    ensure_not_own_staff(locked.customer)
    ensure_can_email(locked.customer)
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
    """A request with a new link in the place of this one, whose link dies at once; the new one isn't mailed yet.

    Raises:
        InvalidTransition: it isn't open any more.
        ValidationError: The customer has been archived, or their address belongs to the agency's staff.
    """
    # First the customer, as an erasure does, which would wait for the request and we for the customer.
    _lock_customer(review_request.customer)
    locked = lock_open(review_request)
    _refuse_inactive(locked.customer)
    ensure_not_own_staff(locked.customer)
    _withdraw(locked)
    created = ReviewRequest.objects.create(
        agency=locked.agency,
        customer=locked.customer,
        project=locked.project,
        requested_by=by,
        greeting=locked.greeting,
        closing=locked.closing,
        requested_anyway=locked.requested_anyway,
    )
    record("review_request.replaced", created, by=by)
    return created


@transaction.atomic
def withdraw_request(review_request: ReviewRequest, *, by: User) -> None:
    """Close the personal link.

    Raises:
        InvalidTransition: it isn't open any more.
    """
    locked = lock_open(review_request)
    _withdraw(locked)
    record("review_request.withdrawn", locked, by=by)


def remind_due() -> int:
    """Remind everybody who is due for it; how many that were. Whoever runs at the same time reminds the others."""
    if not settings.REVIEW_REMINDER_DAYS:
        return 0
    reminded, last = 0, 0
    while True:
        due = ReviewRequest.objects.due_for_reminder().filter(pk__gt=last).order_by("pk")
        rows = list(due.values_list("pk", "agency_id", "customer__email")[:BATCH_SIZE])
        if not rows:
            return reminded
        last = rows[-1][0]
        # Who said stop stays due until the link ends: sorted out here, many at once.
        digests = {pk: set(tokens.address_digests(email)) for pk, _agency, email in rows}
        stops = ReviewOptOut.objects.filter(address_digest__in=set().union(*digests.values()))
        stopped = set(stops.values_list("agency_id", "address_digest"))
        wanted = [pk for pk, agency, _email in rows if not any((agency, digest) in stopped for digest in digests[pk])]
        reminded += sum(remind(pk) for pk in wanted)


@transaction.atomic
def remind(pk: int) -> bool:
    """Mail the one reminder of a request, if it is still due for it; False if not, or if somebody else is at it."""
    # First the customer, as whoever asks or says stop does: a stop that was said is heard.
    locked_customer = Customer.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).filter(review_requests=pk).first()
    due = ReviewRequest.objects.due_for_reminder().select_for_update(of=("self",), skip_locked=True)
    asked = due.select_related("agency", "customer__agency", "project", "requested_by").filter(pk=pk).first()
    if locked_customer is None or asked is None or asked.link is None:
        return False
    try:
        ensure_not_own_staff(asked.customer)
        ensure_can_email(asked.customer)
    except ValidationError:
        return False
    asked.reminded_at = timezone.now()
    asked.mail = send_reminder(asked)
    asked.save(update_fields=["reminded_at", "mail"])
    record("review_request.reminded", asked, by=None, source=AuditEvent.Source.SYSTEM)
    return True


def record_delivery(mail: OutgoingMail) -> None:
    """A mail with a personal link was sent, or refused for good: the request says so.

    Registered with `outbox.outcomes`; runs in the transaction that writes the outcome down.
    """
    asked = ReviewRequest.objects.select_for_update(of=("self",)).select_related("agency", "customer").filter(mail=mail).first()
    if asked is None:
        return
    failed = mail.status == OutgoingMail.Status.FAILED
    if failed == (asked.undeliverable_at is not None):
        return
    asked.undeliverable_at = timezone.now() if failed else None
    asked.save(update_fields=["undeliverable_at"])
    if failed:
        record("review_request.undeliverable", asked, by=None, source=AuditEvent.Source.SYSTEM)


def lock_open(review_request: ReviewRequest) -> ReviewRequest:
    """The request with its row locked.

    Raises:
        InvalidTransition: it isn't open any more; also where an erasure took it away meanwhile.
    """
    locked = (
        ReviewRequest.objects.select_for_update(of=("self",))
        .select_related("agency", "customer__agency", "project", "requested_by")
        .filter(pk=review_request.pk)
        .first()
    )
    if locked is None:
        raise InvalidTransition(ReviewRequest.Status.WITHDRAWN)
    if locked.current_status != ReviewRequest.Status.OPEN:
        raise InvalidTransition(locked.current_status, locked)
    return locked


def cancel_queued_email(locked: ReviewRequest) -> None:
    """The request's last mail goes nowhere if it still waits in the outbox: its link is closed, or another mail takes its place."""
    if locked.mail_id is None:
        return
    queued = OutgoingMail.objects.filter(pk=locked.mail_id, status=OutgoingMail.Status.QUEUED)
    # What a worker holds is being sent just now.
    for mail in queued.select_for_update(skip_locked=True):
        mail.delete()


def _lock_customer(customer: Customer) -> Customer:
    """Whoever asks the same customer at the same moment waits here, and so does a “stop”."""
    # Not the key itself: who has locked a request may still write a row that points to its customer.
    locked: Customer = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("agency").get(pk=customer.pk)
    return locked


def _open_request(customer: Customer, project: Project | None, *, by: User, anyway: bool) -> ReviewRequest:
    same = ReviewRequest.objects.filter(customer=customer, project=project, status=ReviewRequest.Status.OPEN)
    same.filter(expires_at__lte=timezone.now()).update(status=ReviewRequest.Status.EXPIRED)
    existing = same.first()
    if existing and existing.link:
        return existing
    again = existing is None and customer.agency.review_requests.recently_requested(customer, project).exists()
    if again and not anyway:
        raise ValidationError(_("You requested this review recently. To request it again, select “Request anyway”."), "recently_requested")
    # A link that no known key can make again is as good as withdrawn.
    same.update(status=ReviewRequest.Status.WITHDRAWN, withdrawn_at=timezone.now())
    created = ReviewRequest.objects.create(
        agency=customer.agency, customer=customer, project=project, requested_by=by, requested_anyway=again
    )
    record("review_request.created_anyway" if again else "review_request.created", created, by=by)
    return created


def _mail(review_request: ReviewRequest, *, by: User) -> None:
    cancel_queued_email(review_request)
    review_request.mail = send_review_request(review_request, by=by)
    review_request.mailed_at, review_request.undeliverable_at = timezone.now(), None
    review_request.save(update_fields=["mail", "mailed_at", "undeliverable_at", "greeting", "closing"])


def _withdraw(locked: ReviewRequest) -> None:
    locked.status, locked.withdrawn_at = ReviewRequest.Status.WITHDRAWN, timezone.now()
    locked.save(update_fields=["status", "withdrawn_at"])
    cancel_queued_email(locked)
