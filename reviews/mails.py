"""E-mails about review requests and reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership, Role
from partnerportal.core.pending import day_in
from partnerportal.core.templatetags.portal import rating
from partnerportal.outbox.letters import Letter, letter_context
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letter, queue_letters
from reviews import tokens
from reviews.models import Review, ReviewComment, ReviewReport, ReviewRequest

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Kinds of e-mails that customers can unsubscribe from.
REVIEW_EMAIL_KINDS = ("review_request", "review_reminder")


def send_review_request(review_request: ReviewRequest, *, by: User) -> OutgoingMail:
    """Send the customer the personal link to the review page. Replies go to `by`."""
    return queue_letter(review_request_letter(review_request, by=by))


def send_reminder(review_request: ReviewRequest) -> OutgoingMail:
    """Remind the customer. Replies go to the user who sent the request, or to the longest-standing member if they left."""
    team = list(review_request.agency.members.filter(is_active=True).order_by("memberships__created_at", "pk"))
    sender = review_request.requested_by
    by = sender if sender in team else next(iter(team), None)
    return queue_letter(review_request_letter(review_request, by=by, reminder=True))


def preview_review_request(review_request: ReviewRequest, *, by: User) -> dict[str, str]:
    """Return the `subject` of the e-mail and its preview as `html`. The request doesn’t have to be saved."""
    with translation.override(review_request.recipient.language):
        context = letter_context(review_request_letter(review_request, by=by, link="https://…/r/…/"))
        return {"subject": context["letter"].subject, "html": render_to_string("reviews/includes/_mail_preview.html", context)}


@dataclass(frozen=True)
class DefaultTexts:
    """Greeting and closing of a review request, in the recipient’s language, unless the user writes other ones."""

    greeting: str
    closing: str


def default_texts(review_request: ReviewRequest, *, by: User | None) -> DefaultTexts:
    """Return the default greeting and closing of a request sent by this user."""
    recipient, agency = review_request.recipient, review_request.agency.name
    with translation.override(recipient.language):
        name = recipient.person_name
        greeting = gettext("Hello %(name)s,") % {"name": name} if name else gettext("Hello,")
        signature = [str(by), agency] if by else [agency]
        return DefaultTexts(greeting, "\n".join([gettext("Thank you and kind regards,"), *signature]))


def review_request_letter(review_request: ReviewRequest, *, by: User | None, link: str = "", reminder: bool = False) -> Letter:
    """Return the letter that requests a review or, with `reminder`, reminds the recipient of the request."""
    agency, recipient = review_request.agency, review_request.recipient
    defaults = default_texts(review_request, by=by)
    kind = "review_reminder" if reminder else "review_request"
    unsubscribe_url = opt_out_link(review_request)
    values = {
        "agency": agency.name,
        "greeting": review_request.greeting or defaults.greeting,
        "closing": review_request.closing or defaults.closing,
        "subject_label": lambda: review_request.subject_label,
        "is_project": review_request.is_project,
        "link": link or review_request.link or "",
        "asked_at": review_request.mailed_at and day_in(agency.time_zone, review_request.mailed_at),
        "valid_until": review_request.valid_until,
        "reply_to_name": str(by or agency),
        "stop_link": unsubscribe_url,
        "language": recipient.language,
    }
    if review_request.is_project:
        subject = _("What was it like working with %(agency)s on “%(subject_label)s”?")
        reminder_subject = _("Reminder: what was it like working with %(agency)s on “%(subject_label)s”?")
    else:
        subject = _("What was it like working with %(agency)s?")
        reminder_subject = _("Reminder: what was it like working with %(agency)s?")
    return Letter(
        kind=kind,
        template=kind,
        to=recipient.email,
        language=recipient.language,
        values=values,
        subject=reminder_subject if reminder else subject,
        heading=subject,
        agency=agency,
        customer=review_request.customer,
        from_name=agency.name,
        reply_to=by.email if by else "",
        # RFC 8058: one-click unsubscribe in the e-mail client.
        headers={"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def opt_out_link(review_request: ReviewRequest) -> str:
    """Return the URL at which the recipient unsubscribes from review requests."""
    token = tokens.opt_out_token(review_request.customer_id, review_request.recipient.email)
    return f"{settings.SITE_URL}{reverse('reviews:unsubscribe', args=[token])}"


def send_reply_notification(comment: ReviewComment, *, by: User) -> None:
    """Notify the review’s author of the agency’s public reply, unless they unsubscribed. Replies go to `by`."""
    agency, review, recipient = comment.agency, comment.review, comment.review.request.recipient
    if not recipient.email or agency.review_opt_outs.for_email(recipient.email).exists():
        return
    public_link = _public_link(review)
    editable = _("Your review (you can edit it until %(date)s and withdraw it at any time)")
    not_editable = _("Your review (you can withdraw it at any time)")
    queue_letter(
        Letter(
            kind="review_comment",
            to=recipient.email,
            language=recipient.language,
            values={**_values(review), "date": review.editable_until},
            subject=_("%(agency)s replied to your review"),
            name=recipient.person_name,
            intro=_("%(agency)s has replied publicly to your review of “%(subject_label)s”:")
            if review.is_project
            else _("%(agency)s has replied publicly to your review:"),
            quote=comment.text,
            button=_("View on profile") if public_link else "",
            link=public_link,
            more_links=[(editable if review.is_editable else not_editable, review.request.link)] if review.request.link else [],
            signature=f"{by}\n{agency.name}",
            footer_reason=_(
                "You’re receiving this e-mail because you reviewed %(agency)s. "
                "An agency can reply to a review only once, so no further e-mails will follow."
            ),
            agency=agency,
            customer=review.request.customer,
            from_name=agency.name,
            reply_to=by.email,
        )
    )


def send_new_review(review: Review, *, to: Sequence[Membership]) -> None:
    """Notify members of a new review. One with few stars says so in its subject."""
    queue_letters([_new_review(review, to=member) for member in to])


def _new_review(review: Review, *, to: Membership) -> Letter:
    return Letter(
        kind="review_new",
        to=to.user.email,
        language=to.language,
        values={**_values(review), "author": lambda: review.author_label, "stars": lambda: rating(review.mean)},
        subject=_("New review with only %(stars)s stars") if review.is_low else _("New review with %(stars)s stars"),
        name=to.user.full_name,
        intro=_("You’ve received a review of “%(subject_label)s” with %(stars)s of 5 stars.")
        if review.is_project
        else _("You’ve received a review of your agency with %(stars)s of 5 stars."),
        quote_label=_("%(author)s wrote:") if review.text else "",
        quote=review.text,
        outro=[_("You can reply to it publicly, once.")] if review.is_low else [],
        button=_("View review"),
        link=_staff_link(review),
        more_links=_more_links(review),
        footer_reason=_(
            "You’re receiving this e-mail because you’re notified about new reviews of %(agency)s. You can turn this off in your account:"
        ),
        footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
        agency=review.agency,
        to_team=True,
        customer=review.request.customer,
    )


def send_undeliverable(review_request: ReviewRequest, *, to: Sequence[Membership]) -> None:
    """Notify members that a review request or its reminder couldn’t be delivered."""
    recipient = review_request.recipient
    queue_letters(
        [
            Letter(
                kind="review_undeliverable",
                to=member.user.email,
                language=member.language,
                values={
                    "agency": review_request.agency.name,
                    "customer": lambda: review_request.customer.name_in_text,
                    "email": recipient.email,
                },
                subject=_("Review request to %(customer)s not delivered"),
                name=member.user.full_name,
                intro=_("The review request to %(customer)s couldn’t be delivered to %(email)s."),
                outro=[_("Check the address, then send the request again or share its link in another way.")],
                button=_("View review request"),
                link=f"{settings.SITE_URL}{reverse('reviews:request_detail', args=[review_request.pk])}",
                footer_reason=_(
                    "You’re receiving this e-mail because you’re notified about undeliverable review requests of %(agency)s. "
                    "You can turn this off in your account:"
                ),
                footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
                agency=review_request.agency,
                to_team=True,
                customer=review_request.customer,
            )
            for member in to
        ]
    )


def send_report_to_admins(report: ReviewReport) -> None:
    """Notify all administrators who can decide on the report. The agency can’t see this e-mail."""
    for admin in User.objects.filter(is_active=True, is_staff=True).order_by("pk"):
        if admin.has_perm("reviews.change_reviewreport"):
            queue_letter(
                Letter(
                    kind="review_reported",
                    to=admin.email,
                    language=admin.language,
                    values={"agency": report.agency.name, "reason": ReviewReport.Reason(report.reason).label},
                    subject=_("%(agency)s has reported a review"),
                    name=admin.full_name,
                    intro=format_lazy(
                        "{} {}",
                        _("%(agency)s has reported a review on its profile. Reason: %(reason)s."),
                        _("It stays public until you decide."),
                    ),
                    button=_("Review and decide"),
                    link=f"{settings.SITE_URL}{reverse('admin:reviews_reviewreport_change', args=[report.pk])}",
                    more_links=_more_links(report.review),
                    footer_reason=_("You’re receiving this e-mail because you decide on reported reviews in the partner network."),
                )
            )


def send_decision_to_agency(report: ReviewReport, *, by: User) -> None:
    """Notify the user who reported the review, or the owners if that user left, of the decision. Replies go to `by`."""
    review = report.review
    if report.state == ReviewReport.State.UPHELD:
        subject = _("The review you reported has been removed")
        intro = (
            _(
                "You reported a review of “%(subject_label)s”. "
                "We agree and have removed the entire review, including its stars, from your profile."
            )
            if review.is_project
            else _(
                "You reported a review of your company. "
                "We agree and have removed the entire review, including its stars, from your profile."
            )
        )
    elif report.state == ReviewReport.State.REINSTATED:
        subject = _("A review has been reinstated on your profile")
        intro = (
            _("The review of “%(subject_label)s” that was removed from your profile has been reinstated, including its stars.")
            if review.is_project
            else _("The review of your company that was removed from your profile has been reinstated, including its stars.")
        )
    else:
        subject = _("The review you reported stays on your profile")
        intro = (
            _("You reported a review of “%(subject_label)s”. We’ve looked into it and decided to keep it on your profile.")
            if review.is_project
            else _("You reported a review of your company. We’ve looked into it and decided to keep it on your profile.")
        )
    for recipient in _report_recipients(report):
        queue_letter(
            Letter(
                kind="report_decided",
                to=recipient.email,
                language=recipient.language or report.agency.language,
                values={
                    **_values(review),
                    "author": lambda: review.author_label,
                    "date": review.created_at,
                },
                subject=subject,
                name=recipient.full_name,
                intro=format_lazy("{} {}", intro, _("The review was written by %(author)s on %(date)s.")),
                quote_label=_("Reason:"),
                quote=report.reinstatement_reason or report.decision,
                button=_("View review"),
                link=_staff_link(review),
                more_links=_more_links(review),
                footer_reason=_("You’re receiving this e-mail from the partner network because %(agency)s reported this review."),
                agency=report.agency,
                to_team=True,
                customer=review.request.customer,
                reply_to=by.email,
            )
        )


def send_decision_to_author(report: ReviewReport, *, by: User) -> None:
    """Notify the review’s author, if their address is known, that `by` removed or reinstated it. Replies go to `by`."""
    review, recipient = report.review, report.review.request.recipient
    if not recipient.email:
        return
    if report.state == ReviewReport.State.UPHELD:
        subject = _("Your review of %(agency)s has been removed")
        intro = (
            _(
                "Your review of %(agency)s (“%(subject_label)s”) was reported to us. We’ve looked into it and removed it: "
                "its text and stars no longer appear on the agency’s profile."
            )
            if review.is_project
            else _(
                "Your review of %(agency)s was reported to us. We’ve looked into it and removed it: "
                "its text and stars no longer appear on the agency’s profile."
            )
        )
    else:
        subject = _("Your review of %(agency)s has been reinstated")
        intro = (
            _(
                "Your review of %(agency)s (“%(subject_label)s”), which we had removed, "
                "has been reinstated on the agency’s profile, including its stars."
            )
            if review.is_project
            else _("Your review of %(agency)s, which we had removed, has been reinstated on the agency’s profile, including its stars.")
        )
    public_link = _public_link(review)
    queue_letter(
        Letter(
            kind="review_decided",
            to=recipient.email,
            language=recipient.language,
            values=_values(review),
            subject=subject,
            name=recipient.person_name,
            intro=intro,
            quote_label=_("Reason:"),
            quote=report.reinstatement_reason or report.decision,
            outro=[_("If you disagree, reply to this e-mail.")],
            button=_("View on profile") if public_link else "",
            link=public_link,
            footer_reason=_("You’re receiving this e-mail from the partner network because you reviewed %(agency)s."),
            agency=report.agency,
            customer=review.request.customer,
            reply_to=by.email,
        )
    )


def _staff_link(review: Review) -> str:
    return f"{settings.SITE_URL}{reverse('reviews:detail', args=[review.pk])}"


def _public_link(review: Review) -> str:
    """Return the URL of the review’s public page, or an empty string if there is none."""
    profile = getattr(review.agency, "profile", None)
    is_public = profile is not None and profile.is_registered and not review.is_off_profile
    return f"{settings.SITE_URL}{review.get_absolute_url()}" if is_public else ""


def _more_links(review: Review) -> list[tuple["StrOrPromise", str]]:
    """Return the further link of e-mails about a review to people who aren’t its author."""
    public_link = _public_link(review)
    return [(_("Public page of this review"), public_link)] if public_link else []


def _values(review: Review) -> dict[str, object]:
    return {"agency": review.agency.name, "subject_label": lambda: review.subject_label}


def _report_recipients(report: ReviewReport) -> list[User]:
    active = report.agency.memberships.filter(user__is_active=True).select_related("user")
    roles = {member.user: member.role for member in active}
    if report.reported_by in roles:
        return [report.reported_by]
    return [user for user, role in roles.items() if role == Role.OWNER]
