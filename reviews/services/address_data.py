"""What agencies store about the owner of an e-mail address as a reviewer, and its erasure."""

from contextlib import suppress

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from partnerportal.accounts.address_data import AddressData, Effect, Person
from partnerportal.accounts.models import User
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewOptOut, ReviewReport, ReviewRequest
from reviews.services.requests import withdraw_request
from reviews.services.reviews import delete_drafts, lock_reviews


def _is_recipient(person: Person, path: str = "") -> Q:
    """Return the condition that a request was sent to the address: that of the chosen contact, or else of the primary one."""
    is_primary = Q(**{f"{path}contact": None}) | Q(**{f"{path}contact__removed_at__isnull": False})
    return person.has(f"{path}contact__email") | is_primary & person.has(f"{path}customer__email")


def _requests(person: Person) -> QuerySet[ReviewRequest]:
    # Of an answered request, nothing personal stays but its customer.
    unread = ~Q(status=ReviewRequest.Status.ANSWERED) | ~Q(greeting="") | ~Q(closing="")
    return ReviewRequest.objects.filter(_is_recipient(person), unread).select_related("agency", "customer", "project", "contact")


def _reviews(person: Person) -> QuerySet[Review]:
    reviews = Review.objects.filter(_is_recipient(person, "request__")).exclude(author="")
    return reviews.select_related("agency", "request__project", "request__customer", "request__contact")


def _reports(person: Person) -> QuerySet[ReviewReport]:
    written = ~Q(details="") | ~Q(decision="") | ~Q(reinstatement_reason="")
    return ReviewReport.objects.filter(written, review__in=_reviews(person).values("pk"))


def _opt_outs(person: Person) -> QuerySet[ReviewOptOut]:
    return ReviewOptOut.objects.for_email(person.email)


def _erase_requests(rows: QuerySet[ReviewRequest], _person: Person, by: User) -> None:
    """Withdraw and delete unanswered requests, and empty the letters of answered ones."""
    for review_request in rows:
        # The order of all actions on requests.
        Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=review_request.customer_id)
        with suppress(InvalidTransition):  # It was answered, or has expired.
            withdraw_request(review_request, by=by)
        ReviewRequest.objects.filter(pk=review_request.pk).exclude(status=ReviewRequest.Status.ANSWERED).delete()
        ReviewRequest.objects.filter(pk=review_request.pk).update(greeting="", closing="")


def _erase_authors(rows: QuerySet[Review], _person: Person, _by: User) -> None:
    """Make reviews anonymous, and delete what about them was never public."""
    for review in rows:
        lock_reviews(review.agency_id)
        Review.objects.filter(pk=review.pk).update(author="")
        delete_drafts(review=review)
        # Notifications of members name the author.
        OutgoingMail.objects.filter(customer_id=review.request.customer_id, to_team=True).delete()
        ReviewReport.objects.filter(review=review).update(details="", decision="", reinstatement_reason="")


SECTIONS = [
    AddressData(
        "reviews",
        _("Reviews"),
        _reviews,
        Effect.ANONYMISED,
        _("Ratings and text were published and stay, shown as written by a “Former customer”. The author can withdraw a review first."),
        values=(
            "subject_label", "author", "display_name_as", "overall", "text", "created_at", "edited_at", "withdrawn_at", "hidden_at",
            "removed_at",
        ),
        erase=_erase_authors,
    ),
    AddressData(
        "review-reports",
        _("Reports about reviews"),
        _reports,
        Effect.ANONYMISED,
        _("Statements and reasons are emptied with the author of the review. The decision stays."),
        values=("reason", "details", "state", "decision", "reinstatement_reason", "created_at", "decided_at"),
    ),
    AddressData(
        "review-requests",
        _("Review requests"),
        _requests,
        Effect.DELETED,
        _("Links stop working. An answered request stays with its review, without greeting and closing."),
        values=("subject_label", "status", "greeting", "closing", "created_at", "mailed_at", "reminded_at", "answered_at", "withdrawn_at"),
        erase=_erase_requests,
    ),
    AddressData(
        "review-opt-outs",
        _("Opt-outs of review e-mails"),
        _opt_outs,
        Effect.KEPT,
        _("Stored as a keyed digest of the address, so that the agency sends no review e-mails if it adds the person again."),
        values=("created_at",),
        survives=True,
    ),
]  # fmt: skip
