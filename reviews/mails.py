"""E-mails about review requests and reviews."""

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Role
from partnerportal.core.pending import day_in
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_template_mail
from reviews import tokens
from reviews.models import Review, ReviewComment, ReviewReport, ReviewRequest

#: Names of their templates; whoever says stop gets none of these.
REVIEW_EMAIL_KINDS = ("review_request", "review_reminder")


def send_review_request(review_request: ReviewRequest, *, by: User) -> OutgoingMail:
    """Ask the customer for a review, with the personal link, in the customer's language; answers go to `by`."""
    return _send("review_request", review_request, by=by)


def send_reminder(review_request: ReviewRequest) -> OutgoingMail:
    """Ask once more, with the same words around it; answers go to whoever asked, or, if they have left, to who is there longest."""
    team = list(review_request.agency.members.filter(is_active=True).order_by("memberships__created_at", "pk"))
    asker = review_request.requested_by
    return _send("review_reminder", review_request, by=asker if asker in team else next(iter(team), None))


def preview_review_request(review_request: ReviewRequest, *, by: User) -> dict[str, str]:
    """`subject`, and how the mail looks as `html` for a page, in the customer's language; of a request that need not be saved yet."""
    with translation.override(review_request.customer.language):
        context = mail_context(review_request, by=by, link="https://…/r/…/")
        return {
            "subject": render_to_string("email/review_request/subject.txt", context).strip(),
            "html": render_to_string("reviews/includes/_mail_preview.html", context),
        }


@dataclass(frozen=True)
class DefaultTexts:
    """What a mail begins and ends with, unless somebody wrote something else, in the customer's language."""

    greeting: str
    closing: str


def default_texts(review_request: ReviewRequest, *, by: User | None) -> DefaultTexts:
    """For this request, sent by this person."""
    customer, agency = review_request.customer, review_request.agency.name
    with translation.override(customer.language):
        name = customer.person_name
        greeting = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
        signature = [str(by), agency] if by else [agency]
        return DefaultTexts(greeting, "\n".join([_("Thank you and kind regards,"), *signature]))


def mail_context(review_request: ReviewRequest, *, by: User | None, link: str) -> dict[str, object]:
    """What the templates of a mail, and of the page that shows it beforehand, are filled with."""
    customer, usual = review_request.customer, default_texts(review_request, by=by)
    return {
        "agency": review_request.agency.name,
        "greeting": review_request.greeting or usual.greeting,
        "closing": review_request.closing or usual.closing,
        "subject_label": review_request.subject_label,
        "is_project": review_request.is_project,
        "link": link,
        "asked_at": review_request.mailed_at and day_in(review_request.agency.time_zone, review_request.mailed_at),
        "valid_until": review_request.valid_until,
        "reply_to_name": str(by or review_request.agency),
        "stop_link": opt_out_link(review_request),
        "language": customer.language,
    }


def opt_out_link(review_request: ReviewRequest) -> str:
    """The address at which the customer says that they want no more of these mails."""
    customer = review_request.customer
    token = tokens.opt_out_token(customer.pk, customer.email)
    return f"{settings.SITE_URL}{reverse('reviews:unsubscribe', args=[token])}"


def _send(name: str, review_request: ReviewRequest, *, by: User | None) -> OutgoingMail:
    customer = review_request.customer
    with translation.override(customer.language):
        context = mail_context(review_request, by=by, link=review_request.link or "")
    return queue_template_mail(
        name,
        context,
        language=customer.language,
        agency=review_request.agency,
        customer=customer,
        to=customer.email,
        from_name=review_request.agency.name,
        reply_to=by.email if by else "",
        # RFC 8058: the mail program's own “unsubscribe”, in one click.
        headers={"List-Unsubscribe": f"<{context['stop_link']}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def send_reply_notification(comment: ReviewComment, *, by: User) -> None:
    """Tell the review's author what the agency replied, unless they want no more mails of this agency; answers go to `by`."""
    agency, customer = comment.agency, comment.review.request.customer
    if not customer.email or agency.review_opt_outs.for_email(customer.email).exists():
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
                "reason": report.reinstatement_reason or report.decision,
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
        {**_context(report.review), "state": report.state, "reason": report.reinstatement_reason or report.decision},
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
