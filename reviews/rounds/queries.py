"""Customers that a round's rule selects, and why some of them are left out."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.utils import timezone

from customers.models import Customer, CustomerTag, Project
from partnerportal.agencies.models import Agency
from partnerportal.agencies.queries import all_members
from reviews.models import ReviewRequest, ReviewRound, RoundEntry
from reviews.queries.opt_outs import opted_out_addresses
from reviews.rounds.models import Outcome

_KNOWN = (Customer.Status.ACTIVE, Customer.Status.ARCHIVED)


def selected_customers(review_round: ReviewRound) -> QuerySet[Customer]:
    """Return the active and archived customers that match the rule, including those that are left out."""
    customers = Customer.objects.filter(agency=review_round.agency_id, status__in=_KNOWN)
    if review_round.tag_id:
        customers = customers.filter(Exists(CustomerTag.objects.filter(customer=OuterRef("pk"), tag=review_round.tag_id)))
    if review_round.responsible_id:
        customers = customers.filter(responsible=review_round.responsible_id)
    if review_round.completed_since:
        customers = customers.filter(Exists(_completed(review_round)))
    return customers


def with_reason(customers: QuerySet[Customer], review_round: ReviewRound) -> QuerySet[Customer]:
    """Annotate `rated`, the key of the rated project, and `reason`, why a customer is left out; empty if it isn't.

    The reason doesn't consider opt-outs and the agency's staff; see `reasons`.
    """
    if review_round.completed_since:
        customers = customers.annotate(rated=rated_project(review_round))
        reviewed = Q(rated=None)
    else:
        customers = customers.annotate(rated=Value(None, Project._meta.pk))
        reviewed = _has_any(_answered(project=None))
    return with_request_reason(customers, reviewed, days=review_round.not_asked_days)


def with_request_reason(customers: QuerySet[Customer], reviewed: Q | None = None, *, days: int = 0) -> QuerySet[Customer]:
    """Annotate `reason`. Customers that were asked in the last `days`, or in the general waiting time, are left out."""
    now = timezone.now()
    since = now - timedelta(days=max(days, settings.REVIEW_REQUEST_COOLDOWN_DAYS))
    requests = ReviewRequest.objects.all()
    reasons = {
        Outcome.ARCHIVED: Q(status=Customer.Status.ARCHIVED),
        Outcome.GONE: ~Q(status=Customer.Status.ACTIVE),
        Outcome.NO_EMAIL: Q(email=""),
        **({Outcome.REVIEWED: reviewed} if reviewed else {}),
        Outcome.OPEN: _has_any(requests.pending(now)),
        Outcome.RECENT: _has_any(requests.filter(Q(created_at__gte=since) | Q(mailed_at__gte=since))),
    }
    cases = (When(condition, then=Value(reason.value)) for reason, condition in reasons.items())
    return customers.annotate(reason=Case(*cases, default=Value("")))


def rated_project(review_round: ReviewRound) -> Subquery:
    """Return the key of the customer's latest completed project without a review."""
    unrated = _completed(review_round).exclude(_is_any(_answered(project=OuterRef("pk"))))
    return Subquery(unrated.order_by("-completed_at", "-pk").values("pk")[:1])


def reasons(agency: Agency, customers: Sequence[Any]) -> list[str]:
    """Return why each of the customers, which have a `reason`, is left out; an empty string if it isn't."""
    emails = [row.email for row in customers if not row.reason]
    opted_out = opted_out_addresses(agency, emails) if emails else set()
    members = all_members(agency) if emails else []
    found = []
    for row in customers:
        reason = row.reason
        if not reason and row.email in opted_out:
            reason = Outcome.UNSUBSCRIBED
        elif not reason and agency.belongs_to_staff(row.email, members=members):
            reason = Outcome.OWN_STAFF
        found.append(str(reason))
    return found


def rated_projects(review_round: ReviewRound, customers: Iterable[int]) -> dict[int, str]:
    """Return the titles of the projects that these customers are asked to rate."""
    if not review_round.completed_since:
        return {}
    rows = Customer.objects.filter(pk__in=list(customers)).annotate(rated=rated_project(review_round))
    titles = Project.objects.filter(pk=OuterRef("rated")).values("title")
    return dict(rows.annotate(project_title=Subquery(titles)).exclude(rated=None).values_list("pk", "project_title"))


def automatic_projects(agency: Agency) -> QuerySet[Project]:
    """Return the projects completed since automatic requests were switched on, without those that were rated, asked or left out."""
    setting = getattr(agency, "automatic_requests", None)
    if setting is None or setting.enabled_at is None:
        return Project.objects.none()
    projects = Project.objects.filter(agency=agency, status=Project.Status.DONE, completed_at__gte=setting.enabled_at)
    projects = projects.exclude(Exists(_answered(project=OuterRef("pk"))))
    return projects.filter(Q(automatic_request=None) | Q(automatic_request__outcome=Outcome.EXCLUDED))


def of_the_same_rounds(entries: QuerySet[Any], first: Customer) -> QuerySet[Any]:
    """Return those of a merged customer's entries whose round also has the first customer. The round leaves them out."""
    return entries.filter(round__in=RoundEntry.objects.filter(customer=first).values("round"))


def _completed(review_round: ReviewRound) -> QuerySet[Project]:
    assert review_round.completed_since  # noqa: S101  # the callers check it
    since = datetime.combine(review_round.completed_since, time.min, ZoneInfo(review_round.agency.time_zone))
    projects = Project.objects.filter(agency=review_round.agency_id, status=Project.Status.DONE, completed_at__gte=since)
    return projects.filter(customer=OuterRef("pk"))


def _answered(**subject: Any) -> QuerySet[ReviewRequest]:
    return ReviewRequest.objects.filter(status=ReviewRequest.Status.ANSWERED, **subject)


def _has_any(requests: QuerySet[ReviewRequest]) -> Q:
    """Return whether the customer has such a request, or one that was merged into it and kept its answered ones."""
    return Q(_is_any(requests.filter(customer=OuterRef("pk")))) | Q(_is_any(requests.filter(customer__merged_into=OuterRef("pk"))))


def _is_any(rows: QuerySet[Any]) -> IsNull:
    """Return whether there is a row. Unlike for `Exists`, PostgreSQL never reads the whole table for this."""
    return IsNull(Subquery(rows.values("pk")[:1]), False)


def answers_so_far(rounds: QuerySet[ReviewRound]) -> QuerySet[ReviewRound]:
    """Annotate `answers`, the number of answered requests of each round."""
    counts = _answered(round=OuterRef("pk")).order_by().values("round").annotate(number=Count("pk")).values("number")
    return rounds.annotate(answers=Coalesce(Subquery(counts), 0))
