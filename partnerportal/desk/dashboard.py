"""The cards of the dashboard: what waits today, each with the way to it."""

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
from partnerportal.desk.menu import new_reviews
from requests_inbox.models import ContactRequest
from reviews.models import rounded

#: A card shows this many rows; the rest is one click away.
ROWS_PER_CARD = 5
#: Projects due within this many days are shown.
DUE_WITHIN_DAYS = 14


@dataclass(frozen=True)
class Row:
    """One thing that waits."""

    title: str
    url: str
    note: str
    #: Whose it is, or what it is about.
    about: str = ""


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
    return [
        _waiting_requests(agency),
        _waiting_invitations(agency),
        _due_tasks(agency),
        _ending_domains(agency),
        _ending_contracts(agency),
        _due_projects(agency),
        _open_requests(agency),
        _new_reviews(agency),
    ]


def _waiting_requests(agency: Agency) -> Card:
    waiting = ContactRequest.objects.waiting().filter(agency=agency).select_related("handler").defer("message", "search_text")
    found, total = _first(waiting, "-pk")
    rows = [
        Row(
            r.display_name,
            r.get_absolute_url(),
            " · ".join(filter(None, [date_format(timezone.localtime(r.created_at), "SHORT_DATE_FORMAT"), str(r.handler or "")])),
            str(r.get_status_display()),
        )
        for r in found
    ]
    return Card(_("Requests"), "inbox", total, rows, _("No open requests."), reverse("requests_inbox:list"), _("All requests"))


def _waiting_invitations(agency: Agency) -> Card:
    found, total = _first(agency.access_invitations.pending(), "expires_at")
    rows = [Row(i.display_name, i.get_absolute_url(), _until(i.valid_until), i.access_label) for i in found]
    empty = _("No pending invitations.")
    return Card(_("Invitations"), "key", total, rows, empty, reverse("invitations:list"), _("All invitations"))


def _due_tasks(agency: Agency) -> Card:
    due = agency.tasks.filter(done_at__isnull=True, sort_date__lte=timezone.localdate()).select_related("customer", "assignee")
    found, total = _first(due, "sort_date")
    rows = [Row(t.title, t.customer.get_absolute_url(), _due(t.due_on, str(t.assignee or "")), t.customer.display_name) for t in found]
    url = f"{reverse('customers:task_list')}?when=today"
    return Card(_("Tasks due"), "clipboard-document-list", total, rows, _("No tasks due today."), url, _("All due tasks"))


def _ending_domains(agency: Agency) -> Card:
    soon = agency.domains.filter(auto_renew=False, sort_date__lte=_soon()).select_related("customer")
    found, total = _first(soon, "sort_date")
    rows = [
        Row(str(d), d.customer.get_absolute_url(), _passed(d.expires_on, _("expired %(date)s")), d.customer.display_name) for d in found
    ]
    url = f"{reverse('customers:domain_list')}?renewal=manual"
    return Card(_("Expiring domains"), "globe-alt", total, rows, _("No domains expire in the next 30 days."), url, _("All domains"))


def _ending_contracts(agency: Agency) -> Card:
    soon = agency.contracts.filter(status=Contract.Status.ACTIVE, sort_date__lte=_soon()).select_related("customer")
    found, total = _first(soon, "sort_date")
    rows = [
        Row(c.product or str(c), c.customer.get_absolute_url(), _passed(c.ends_on, _("ended %(date)s")), c.customer.display_name)
        for c in found
    ]
    url = f"{reverse('customers:contract_list')}?when=soon"
    return Card(_("Expiring contracts"), "document-text", total, rows, _("No contracts end in the next 30 days."), url, _("All contracts"))


def _soon() -> date:
    return timezone.localdate() + timedelta(days=SOON_DAYS)


def _due(day: date, more: str = "") -> str:
    """Return the date, or how long it has passed, and `more` after it."""
    text = days_overdue(day) if day < timezone.localdate() else date_format(day, "SHORT_DATE_FORMAT")
    return f"{text} · {more}" if more else text


def _passed(day: date, past: str) -> str:
    """Return the date, in the sentence `past` if it has passed."""
    text = date_format(day, "SHORT_DATE_FORMAT")
    return past % {"date": text} if day < timezone.localdate() else text


def _until(day: date) -> str:
    return _("expires %(date)s") % {"date": date_format(day, "SHORT_DATE_FORMAT")}


def _due_projects(agency: Agency) -> Card:
    limit = timezone.localdate() + timedelta(days=DUE_WITHIN_DAYS)
    open_statuses = [Project.Status.PLANNED, Project.Status.ACTIVE]
    due = agency.projects.filter(status__in=open_statuses, sort_date__lte=limit).select_related("customer")
    found, total = _first(due, "sort_date")
    rows = [Row(p.title, p.customer.get_absolute_url(), _due(p.due_on), p.customer.display_name) for p in found]
    empty = _("No projects due in the next two weeks.")
    return Card(_("Projects due"), "briefcase", total, rows, empty, reverse("customers:project_list"), _("All projects"))


def _open_requests(agency: Agency) -> Card:
    found, total = _first(agency.review_requests.pending().select_related("customer", "project"), "expires_at")
    rows = [
        Row(
            r.customer.display_name,
            reverse("reviews:request_detail", args=[r.pk]),
            _until(r.valid_until),
            r.subject_label,
        )
        for r in found
    ]
    empty = _("No open review requests.")
    return Card(_("Open review requests"), "paper-airplane", total, rows, empty, reverse("reviews:request_list"), _("All review requests"))


def _new_reviews(agency: Agency) -> Card:
    reviews = new_reviews().filter(agency=agency).select_related("request__project", "request__customer")
    found, total = _first(reviews, "-pk")
    rows = [
        Row(r.author_label, r.request.customer.get_absolute_url(), f"{number_format(rounded(r.overall), 1)} ★", r.subject_label)
        for r in found
    ]
    empty = _("No new reviews this week.")
    return Card(_("New reviews"), "star", total, rows, empty, reverse("reviews:list"), _("All reviews"))


def _first(queryset: QuerySet[Any], order_by: str) -> tuple[list[Any], int]:
    """The rows that a card shows, and how many there are in all, in one query."""
    # The count needs none of the joins that the rows need; PostgreSQL does it once, beforehand.
    count = queryset.select_related(None).order_by().values("agency").annotate(n=Count("pk")).values("n")
    found = list(queryset.annotate(total=Subquery(count)).order_by(order_by)[:ROWS_PER_CARD])
    return found, found[0].total if found else 0
