"""The mails that managing and moderating send, a function each."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Role
from partnerportal.outbox.services import queue_template_mail
from reviews.models import Review, ReviewComment, ReviewReport


def send_reply_notification(comment: ReviewComment, *, by: User) -> None:
    """Tell the review's author what the agency replied, unless they want no more mails of this agency; answers go to `by`."""
    agency, customer = comment.agency, comment.review.request.customer
    if not customer.email or agency.review_opt_outs.of(customer.email).exists():
        return
    queue_template_mail(
        "review_comment",
        {
            **_context(comment.review),
            "text": comment.text,
            "sender": agency.name,
            "profile_link": _profile_link(comment.review),
            "editable_until": comment.review.editable_until if comment.review.is_editable else None,
        },
        language=customer.language,
        agency=agency,
        customer=customer,
        to=customer.email,
        from_name=agency.name,
        reply_to=by.email,
    )


def send_report_to_admins(report: ReviewReport) -> None:
    """Tell everybody who may decide it that a review was reported; the agency doesn't see that mail."""
    for admin in User.objects.filter(is_active=True, is_staff=True).order_by("pk"):
        if admin.has_perm("reviews.change_reviewreport"):
            queue_template_mail(
                "review_reported",
                {
                    "name": admin.full_name,
                    "agency": report.agency.name,
                    "reason": ReviewReport.Reason(report.reason).label,
                    "link": f"{settings.SITE_URL}{reverse('admin:reviews_reviewreport_change', args=[report.pk])}",
                },
                language=admin.language or settings.LANGUAGE_CODE,
                to=admin.email,
            )


def send_decision_to_agency(report: ReviewReport, *, by: User) -> None:
    """Tell whoever reported the review, or the owners if that person has left, what `by` decided; answers go there."""
    for person in _told(report):
        language = person.language or report.agency.language
        with translation.override(language):
            author = report.review.author_label
        queue_template_mail(
            "report_decided",
            {
                **_context(report.review),
                "name": person.full_name,
                "state": report.state,
                "author": author,
                "date": report.review.created_at,
                "reason": report.reinstated_for or report.decision,
                "manage_link": f"{settings.SITE_URL}/company/reviews/#review-{report.review_id}",
            },
            language=language,
            agency=report.agency,
            customer=report.review.request.customer,
            to=person.email,
            reply_to=by.email,
        )


def send_decision_to_author(report: ReviewReport, *, by: User) -> None:
    """Tell the review's author that `by` removed it, or brought it back; who left no address isn't told. Answers go to `by`."""
    customer = report.review.request.customer
    if not customer.email:
        return
    queue_template_mail(
        "review_decided",
        {**_context(report.review), "state": report.state, "reason": report.reinstated_for or report.decision},
        language=customer.language,
        agency=report.agency,
        customer=customer,
        to=customer.email,
        reply_to=by.email,
    )


def _context(review: Review) -> dict[str, object]:
    return {
        "agency": review.agency.name,
        "name": review.request.customer.person_name,
        "is_project": review.request.is_project,
        "subject_label": review.request.project.title if review.request.project else "",
        "link": review.request.link,
    }


def _told(report: ReviewReport) -> list[User]:
    people = {
        membership.user: membership.role for membership in report.agency.memberships.filter(user__is_active=True).select_related("user")
    }
    if report.reported_by in people:
        return [report.reported_by]
    return [user for user, role in people.items() if role == Role.OWNER]


def _profile_link(review: Review) -> str:
    profile = getattr(review.agency, "profile", None)
    if profile is None or not profile.is_registered:
        return ""
    return f"{settings.SITE_URL}{profile.get_absolute_url()}#review-{review.pk}"
