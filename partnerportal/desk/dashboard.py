"""The dashboard: figures, sections with one action per row, new reviews, open review requests and setup steps."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.desk.figures import Figure, figures_for, load_agency
from partnerportal.desk.menu import new_reviews
from partnerportal.desk.rows import belongs_to, day_text, first_rows
from partnerportal.desk.sections import Section, sections_for
from partnerportal.desk.setup import Setup, setup_for
from reviews.models import Review, ReviewReport, ReviewRequest
from reviews.queries.opt_outs import opted_out_addresses

#: Maximum numbers of new reviews and of open review requests.
MAX_REVIEWS, MAX_REVIEW_REQUESTS = 3, 5


@dataclass(frozen=True)
class OpenRequest:
    """An open review request with its action: `remind`, `copy` or `open`; `sent` right after an e-mail."""

    request: ReviewRequest
    action: str

    @property
    def mailed(self) -> str:
        """The day of the latest e-mail, such as “3 days ago”."""
        return day_text(timezone.localdate(self.request.mailed_at)) if self.request.mailed_at else ""


@dataclass(frozen=True)
class Dashboard:
    """What the dashboard shows."""

    sections: list[Section]
    #: Empty if nothing can be measured yet.
    figures: list[Figure]
    setup: Setup
    reviews: list[Review]
    review_count: int
    review_requests: list[OpenRequest]
    review_request_count: int

    @property
    def has_side(self) -> bool:
        """Whether there is a column for reviews and review requests."""
        return bool(self.reviews or self.review_requests)


def dashboard_for(member: Membership, team: list[User], *, mine: bool) -> Dashboard:
    """Return the dashboard of a member. Reviews and review requests belong to the customer's account manager."""
    agency = load_agency(member.agency)
    figures = figures_for(agency)
    reviews, review_count = _new_reviews(member, mine=mine)
    requests, request_count = _open_requests(member, mine=mine)
    return Dashboard(
        sections=sections_for(member, team, mine=mine),
        figures=figures if any(figure.is_known for figure in figures) else [],
        setup=setup_for(agency, member, team_size=len(team)),
        reviews=reviews,
        review_count=review_count,
        review_requests=requests,
        review_request_count=request_count,
    )


def summary_of(sections: list[Section]) -> str:
    """Return a sentence such as “3 things are overdue, 4 people are waiting for a reply”."""
    found = {section.name: section for section in sections}
    texts = []
    if overdue := found.get("overdue"):
        texts.append(ngettext("%(count)s thing is overdue", "%(count)s things are overdue", overdue.total) % {"count": overdue.count})
    if waiting := found.get("waiting"):
        text = ngettext("%(count)s person is waiting for a reply", "%(count)s people are waiting for a reply", waiting.total)
        texts.append(text % {"count": waiting.count})
    return ", ".join(texts) or _("nothing is overdue, and no one is waiting for a reply")


def today_text() -> str:
    """Return today's weekday and date."""
    today = timezone.localdate()
    return f"{date_format(today, 'l')}, {date_format(today, 'DATE_FORMAT')}"


def _new_reviews(member: Membership, *, mine: bool) -> tuple[list[Review], int]:
    reviews = new_reviews().filter(agency=member.agency)
    if mine:
        reviews = reviews.filter(belongs_to(member, "request__customer__responsible"))
    reported = ReviewReport.objects.filter(review=OuterRef("pk"))
    reviews = reviews.select_related("request__project", "request__customer", "comment").annotate(is_reported=Exists(reported.open()))
    return first_rows(reviews, "-pk", MAX_REVIEWS)


def _open_requests(member: Membership, *, mine: bool) -> tuple[list[OpenRequest], int]:
    requests = ReviewRequest.objects.pending().filter(agency=member.agency).select_related("agency", "customer", "project")
    if mine:
        requests = requests.filter(belongs_to(member, "customer__responsible"))
    shown, total = first_rows(requests, "expires_at", MAX_REVIEW_REQUESTS)
    opted_out = opted_out_addresses(member.agency, [request.customer.email for request in shown])
    return [OpenRequest(request, _request_action(request, opted_out)) for request in shown], total


def _request_action(request: Any, opted_out: set[str]) -> str:
    """Return the action of `OpenRequest`: a reminder if it was e-mailed and can be e-mailed again."""
    customer = request.customer
    is_reachable = customer.email and customer.email not in opted_out and customer.status == customer.Status.ACTIVE
    if request.mailed_at and is_reachable and not request.undeliverable_at:
        return "remind" if request.can_be_resent else "sent"
    return "copy" if request.link else "open"
