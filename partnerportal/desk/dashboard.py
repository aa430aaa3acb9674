"""Dashboard cards: open items of each type, with a link to the full list."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from customers.models import SOON_DAYS, Contract, Project
from partnerportal.agencies.models import Agency
from partnerportal.core.templatetags.portal import days_overdue
from partnerportal.desk.menu import due_tasks, new_reviews
from requests_inbox.models import ContactRequest
from reviews.models import rounded

#: Maximum number of rows on a card.
ROWS_PER_CARD = 5
#: Number of days within which due projects are shown.
DUE_WITHIN_DAYS = 14


@dataclass(frozen=True)
class Row:
    """A row of a card."""

    title: str
    url: str
    note: str
    #: The item's customer, subject or status.
    about: str = ""


@dataclass(frozen=True)
class Card:
    """Open items of one type."""

    title: str
    icon: str
    count: int
    items: list[Row]
    empty: str
    url: str
    url_label: str


def cards_for(agency: Agency) -> list[Card]:
    """Return all cards, the most urgent first. Each takes one query."""
    return [
        _requests(agency),
        _invitations(agency),
        _tasks(agency),
        _domains(agency),
        _contracts(agency),
        _projects(agency),
        _review_requests(agency),
        _reviews(agency),
    ]


def _requests(agency: Agency) -> Card:
    undecided = ContactRequest.objects.undecided().filter(agency=agency).select_related("assignee").defer("message", "search_text")
    shown, total = _first_rows(undecided, "-pk")
    rows = [
        Row(
            r.display_name,
            r.get_absolute_url(),
            " · ".join(filter(None, [date_format(timezone.localtime(r.created_at), "SHORT_DATE_FORMAT"), str(r.assignee or "")])),
            str(r.get_status_display()),
        )
        for r in shown
    ]
    return Card(_("Requests"), "inbox", total, rows, _("No open requests."), reverse("requests_inbox:list"), _("All requests"))


def _invitations(agency: Agency) -> Card:
    shown, total = _first_rows(agency.access_invitations.pending(), "expires_at")
    rows = [Row(i.display_name, i.get_absolute_url(), _until(i.valid_until), i.access_label) for i in shown]
    empty = _("No pending invitations.")
    return Card(_("Invitations"), "key", total, rows, empty, reverse("invitations:list"), _("All invitations"))


def _tasks(agency: Agency) -> Card:
    due = due_tasks().filter(agency=agency).select_related("customer", "assignee")
    shown, total = _first_rows(due, "sort_date")
    rows = [Row(t.title, t.customer.get_absolute_url(), _due(t.due_on, str(t.assignee or "")), t.customer.display_name) for t in shown]
    url = f"{reverse('customers:task_list')}?when=today"
    return Card(_("Tasks due"), "clipboard-document-list", total, rows, _("No tasks due today."), url, _("All due tasks"))


def _domains(agency: Agency) -> Card:
    soon = agency.domains.filter(auto_renew=False, sort_date__lte=_soon()).select_related("customer")
    shown, total = _first_rows(soon, "sort_date")
    rows = [
        Row(str(d), d.customer.get_absolute_url(), _passed(d.expires_on, _("expired %(date)s")), d.customer.display_name) for d in shown
    ]
    url = f"{reverse('customers:domain_list')}?renewal=manual"
    return Card(_("Expiring domains"), "globe-alt", total, rows, _("No domains expire in the next 30 days."), url, _("All domains"))


def _contracts(agency: Agency) -> Card:
    soon = agency.contracts.filter(status=Contract.Status.ACTIVE, sort_date__lte=_soon()).select_related("customer")
    shown, total = _first_rows(soon, "sort_date")
    rows = [
        Row(c.product or str(c), c.customer.get_absolute_url(), _passed(c.ends_on, _("ended %(date)s")), c.customer.display_name)
        for c in shown
    ]
    url = f"{reverse('customers:contract_list')}?when=soon"
    return Card(_("Expiring contracts"), "document-text", total, rows, _("No contracts end in the next 30 days."), url, _("All contracts"))


def _projects(agency: Agency) -> Card:
    limit = timezone.localdate() + timedelta(days=DUE_WITHIN_DAYS)
    open_statuses = [Project.Status.PLANNED, Project.Status.ACTIVE]
    due = agency.projects.filter(status__in=open_statuses, sort_date__lte=limit).select_related("customer")
    shown, total = _first_rows(due, "sort_date")
    rows = [Row(p.title, p.customer.get_absolute_url(), _due(p.due_on), p.customer.display_name) for p in shown]
    empty = _("No projects due in the next two weeks.")
    return Card(_("Projects due"), "briefcase", total, rows, empty, reverse("customers:project_list"), _("All projects"))


def _review_requests(agency: Agency) -> Card:
    shown, total = _first_rows(agency.review_requests.pending().select_related("customer", "project"), "expires_at")
    rows = [
        Row(r.customer.display_name, reverse("reviews:request_detail", args=[r.pk]), _until(r.valid_until), r.subject_label) for r in shown
    ]
    empty = _("No open review requests.")
    return Card(_("Open review requests"), "paper-airplane", total, rows, empty, reverse("reviews:request_list"), _("All review requests"))


def _reviews(agency: Agency) -> Card:
    reviews = new_reviews().filter(agency=agency).select_related("request__project", "request__customer")
    shown, total = _first_rows(reviews, "-pk")
    rows = [
        Row(r.author_label, r.request.customer.get_absolute_url(), f"{number_format(rounded(r.overall), 1)} ★", r.subject_label)
        for r in shown
    ]
    empty = _("No new reviews this week.")
    return Card(_("New reviews"), "star", total, rows, empty, reverse("reviews:list"), _("All reviews"))


def _first_rows(queryset: QuerySet[Any], order_by: str) -> tuple[list[Any], int]:
    """Return the rows that a card shows and the total number of rows, with one query."""
    # The count is a subquery without the joins of the rows, which PostgreSQL evaluates once.
    count = queryset.select_related(None).order_by().values("agency").annotate(n=Count("pk")).values("n")
    shown = list(queryset.annotate(total=Subquery(count)).order_by(order_by)[:ROWS_PER_CARD])
    return shown, shown[0].total if shown else 0


def _soon() -> date:
    return timezone.localdate() + timedelta(days=SOON_DAYS)


def _due(day: date, more: str = "") -> str:
    """Return the date, or the number of days by which it is overdue, followed by `more`."""
    text = days_overdue(day) if day < timezone.localdate() else date_format(day, "SHORT_DATE_FORMAT")
    return f"{text} · {more}" if more else text


def _passed(day: date, past: str) -> str:
    """Return the date, inserted into `past` if it has passed."""
    text = date_format(day, "SHORT_DATE_FORMAT")
    return past % {"date": text} if day < timezone.localdate() else text


def _until(day: date) -> str:
    return _("expires %(date)s") % {"date": date_format(day, "SHORT_DATE_FORMAT")}
