"""The cards of the dashboard: what waits today, each with the way to it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet, Window
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from customers.models import Project
from partnerportal.agencies.models import Agency
from partnerportal.desk.menu import new_reviews
from reviews.models import rounded

#: A card shows this many rows; the rest is one click away.
ROWS = 5
#: Projects due within this many days are shown.
DUE_WITHIN_DAYS = 14


@dataclass(frozen=True)
class Row:
    """One thing that waits."""

    title: str
    url: str
    note: str


@dataclass(frozen=True)
class Card:
    """One kind of thing that waits."""

    title: str
    icon: str
    count: int
    items: list[Row]
    empty: str
    url: str
    url_label: str


def cards_for(agency: Agency) -> list[Card]:
    """All cards, in the order of their urgency; a query each."""
    return [_due_projects(agency), _open_requests(agency), _new_reviews(agency)]


def _due_projects(agency: Agency) -> Card:
    limit = timezone.localdate() + timedelta(days=DUE_WITHIN_DAYS)
    open_statuses = [Project.Status.PLANNED, Project.Status.ACTIVE]
    due = agency.projects.filter(status__in=open_statuses, due_on__lte=limit).select_related("customer")
    found, total = _first(due, "due_on")
    rows = [
        Row(f"{p.title} · {p.customer.display_name}", p.customer.get_absolute_url(), date_format(p.due_on, "SHORT_DATE_FORMAT"))
        for p in found
    ]
    empty = _("No project is due in the next two weeks.")
    return Card(_("Projects due"), "briefcase", total, rows, empty, reverse("customers:list"), _("Customers"))


def _open_requests(agency: Agency) -> Card:
    found, total = _first(agency.review_requests.open().select_related("customer", "project"), "expires_at")
    rows = [
        Row(
            f"{r.customer.display_name} · {r.subject_label}",
            reverse("reviews:request_detail", args=[r.pk]),
            _("until %(date)s") % {"date": date_format(timezone.localtime(r.expires_at), "SHORT_DATE_FORMAT")},
        )
        for r in found
    ]
    empty = _("Nobody has been asked for a review at the moment.")
    return Card(_("Reviews asked for"), "paper-airplane", total, rows, empty, reverse("reviews:request"), _("Request review"))


def _new_reviews(agency: Agency) -> Card:
    reviews = new_reviews().filter(agency=agency).select_related("request__project", "request__customer")
    found, total = _first(reviews, "-pk")
    rows = [
        Row(f"{r.author_label} · {r.subject_label}", r.request.customer.get_absolute_url(), f"{number_format(rounded(r.overall), 1)} ★")
        for r in found
    ]
    empty = _("No new reviews this week. Ask a customer for one?")
    return Card(_("New reviews"), "star", total, rows, empty, reverse("reviews:manage"), _("All reviews"))


def _first(queryset: QuerySet[Any], order_by: str) -> tuple[list[Any], int]:
    """The rows that a card shows, and how many there are in all, in one query."""
    found = list(queryset.annotate(total=Window(Count("pk"))).order_by(order_by)[:ROWS])
    return found, found[0].total if found else 0
