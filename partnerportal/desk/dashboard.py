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
from partnerportal.core.compiled import compiled
from partnerportal.desk.figures import Figure, figures_for, load_agency
from partnerportal.desk.menu import Moment, new_reviews
from partnerportal.desk.rows import belongs_to, day_text, first_rows, total_of, whose_rows
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
    def link(self) -> str:
        """The link to copy, if that is the action."""
        return self.request.link or "" if self.action == "copy" else ""

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
    whose, at = whose_rows(member, mine=mine), Moment.current()
    values = {"agency": member.agency_id, "user": member.user_id}
    reviews = latest_reviews(whose, **values, recently=at.recently)
    requests = open_requests(whose, **values, now=at.now)
    for request in requests:
        request.agency = member.agency
    opted_out = opted_out_addresses(member.agency, [request.recipient.email for request in requests])
    return Dashboard(
        sections=sections_for(member, team, mine=mine),
        figures=figures if any(figure.is_known for figure in figures) else [],
        setup=setup_for(agency, member, team_size=len(team)),
        reviews=reviews,
        review_count=total_of(reviews),
        review_requests=[OpenRequest(request, _request_action(request, opted_out)) for request in requests],
        review_request_count=total_of(requests),
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


@compiled
def latest_reviews(whose: str, /, *, agency: Any, user: Any, recently: Any) -> Any:
    """Return the latest new reviews."""
    reviews = new_reviews(recently).filter(belongs_to(whose, user, "request__customer__responsible"), agency=agency)
    reported = ReviewReport.objects.filter(review=OuterRef("pk"))
    reviews = reviews.select_related("request__project", "comment").annotate(is_reported=Exists(reported.open()))
    return first_rows(reviews, "-created_at", MAX_REVIEWS)


@compiled
def open_requests(whose: str, /, *, agency: Any, user: Any, now: Any) -> Any:
    """Return the open review requests that expire first."""
    requests = ReviewRequest.objects.pending(now).filter(belongs_to(whose, user, "customer__responsible"), agency=agency)
    return first_rows(requests.select_related("customer", "contact"), "expires_at", MAX_REVIEW_REQUESTS)


def _request_action(request: Any, opted_out: set[str]) -> str:
    """Return the action of `OpenRequest`: a reminder if it was e-mailed and can be e-mailed again."""
    email, customer = request.recipient.email, request.customer
    is_reachable = email and email not in opted_out and customer.status == customer.Status.ACTIVE
    if request.mailed_at and is_reachable and not request.undeliverable_at:
        return "remind" if request.can_be_resent else "sent"
    return "copy" if request.link else "open"
