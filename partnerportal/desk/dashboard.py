"""The cards of the dashboard: what waits today, each with the way to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.models import Project
from partnerportal.agencies.models import Agency
from partnerportal.desk.menu import new_reviews
from partnerportal.paging import limited_count

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
    """All cards, in the order of their urgency."""
    return [_due_projects(agency), _open_requests(agency), _new_reviews(agency)]


def _due_projects(agency: Agency) -> Card:
    limit = timezone.localdate() + timedelta(days=DUE_WITHIN_DAYS)
    open_statuses = [Project.Status.PLANNED, Project.Status.ACTIVE]
    due = agency.projects.filter(status__in=open_statuses, due_on__lte=limit).select_related("customer").order_by("due_on")
    rows = (
        Row(
            f"{p.title} · {p.customer.display_name}",
            p.customer.get_absolute_url(),
            date_format(p.due_on, "SHORT_DATE_FORMAT") if p.due_on else "",
        )
        for p in due[:ROWS]
    )
    return _card(due, rows, _("Projects due"), "briefcase", _("No project is due in the next two weeks."), "customers:list", _("Customers"))


def _open_requests(agency: Agency) -> Card:
    waiting = agency.review_requests.open().select_related("customer", "project").order_by("expires_at")
    rows = (
        Row(
            f"{r.customer.display_name} · {r.subject_label}",
            reverse("reviews:request_detail", args=[r.pk]),
            _("until %(date)s") % {"date": date_format(timezone.localtime(r.expires_at), "SHORT_DATE_FORMAT")},
        )
        for r in waiting[:ROWS]
    )
    empty = _("Nobody has been asked for a review at the moment.")
    return _card(waiting, rows, _("Reviews asked for"), "paper-airplane", empty, "reviews:request", _("Request review"))


def _new_reviews(agency: Agency) -> Card:
    reviews = new_reviews().filter(agency=agency).select_related("request__project", "request__customer").order_by("-pk")
    rows = (
        Row(f"{r.author_label} · {r.subject_label}", r.request.customer.get_absolute_url(), f"{r.overall:.1f} ★") for r in reviews[:ROWS]
    )
    empty = _("No new reviews this week. Ask a customer for one?")
    return _card(reviews, rows, _("New reviews"), "star", empty, "reviews:manage", _("All reviews"))


def _card(queryset: Any, rows: Iterable[Row], title: str, icon: str, empty: str, url_name: str, url_label: str) -> Card:
    items = list(rows)
    # Counted only where the rows shown can't have been all.
    count = limited_count(queryset)[0] if len(items) == ROWS else len(items)
    return Card(title, icon, count, items, empty, reverse(url_name), url_label)
