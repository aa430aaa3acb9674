"""Deadlines of which no one was notified yet, and those that a digest mentions."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, SmallIntegerField, Value, When
from django.utils import timezone

from customers.deadlines.kinds import KINDS, DeadlineKind
from customers.deadlines.models import AFTER, LATE_DAYS, STEPS
from customers.deadlines.tokens import OPT_OUTS
from customers.models import Contact, Customer, DeadlineNotice, DeadlineOptOut
from customers.queries.contacts import DEADLINE_ROLES, fitting_contact
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from partnerportal.core.pending import day_in


@dataclass(frozen=True)
class Deadline:
    """A deadline of an item, and the step that is reached."""

    kind: DeadlineKind
    item: Any
    date: date
    step: int
    #: Primary key of the notice, if there is one.
    notice: int = 0

    @property
    def is_past(self) -> bool:
        """Whether the deadline has passed."""
        return self.step == AFTER

    @property
    def customer(self) -> Customer:
        """The item's customer."""
        customer: Customer = self.item.customer
        return customer

    @property
    def text(self) -> str:
        """What is due, in the active language: “example.com expires on March 1, 2027”."""
        return self.kind.text(self.item, self.date, self.is_past)

    @property
    def customer_text(self) -> str:
        """The same as a sentence for the customer."""
        assert self.kind.customer_text  # noqa: S101  # see `notifies_customer`
        return self.kind.customer_text(self.item, self.date, self.is_past)

    @property
    def url(self) -> str:
        """The absolute URL of the page with the next step."""
        return f"{settings.SITE_URL}{self.kind.url(self.item)}"

    @property
    def notifies_customer(self) -> bool:
        """Whether the customer is notified, too. An automatic renewal isn't the customer's concern."""
        return bool(self.kind.customer_text and self.item.notify_customer and not getattr(self.item, "auto_renew", False))


def due_deadlines(agency: Agency) -> list[Deadline]:
    """Return the agency's deadlines that reached a step of which no one was notified.

    Of several missed steps, only the latest one counts. The day is that of the agency.
    """
    today = day_in(agency.time_zone, timezone.now())
    days = {f"day_{step}": today + timedelta(days=step) for step in STEPS}
    values = {"agency": agency.pk, "today": today, "earliest": today - timedelta(days=LATE_DAYS), **days}
    return [Deadline(KINDS[name], item, item.deadline, item.step) for name in list(KINDS) for item in due_items(name, **values)]


@compiled
def due_items(name: str, /, *, agency: Any, today: Any, earliest: Any, **days: Any) -> QuerySet[Any]:
    """Return the items of one kind with their `deadline` and `step`. `days` are the last ones of the steps: `day_60` …"""
    kind = KINDS[name]
    reached = [When(**{f"{kind.date}__lte": days[f"day_{step}"]}, then=Value(step)) for step in sorted(kind.steps)]
    step = Case(When(**{f"{kind.date}__lt": today}, then=Value(AFTER)), *reached, output_field=SmallIntegerField())
    first = earliest if kind.has_step_after else today
    items = kind.rows().filter(agency=agency, **{f"{kind.date}__range": (first, days[f"day_{max(kind.steps)}"])})
    if kind.only_after is not None:
        items = items.exclude(kind.only_after & Q(**{f"{kind.date}__gte": today}))
    # A later step is a smaller number.
    told = DeadlineNotice.objects.filter(kind=name, object_id=OuterRef("pk"), date=OuterRef(kind.date), step__lte=OuterRef("step"))
    due: QuerySet[Any] = items.annotate(deadline=F(kind.date), step=step).filter(~Exists(told))
    return due.select_related("customer").order_by("deadline", "pk")


def deadline_lines(agency: Agency, notices: Collection[int]) -> list[Deadline]:
    """Return the deadlines of these notices, the earliest first, except those that changed or ended since.

    One query for the notices, and one for each kind of items. `Deadline.text`, `customer` and `url` make a line of the digest.
    """
    found: dict[str, dict[int, DeadlineNotice]] = {}
    for notice in DeadlineNotice.objects.for_agency(agency).filter(pk__in=notices).order_by("pk"):
        found.setdefault(notice.kind, {})[notice.object_id] = notice
    lines = []
    for kind in (KINDS[name] for name in found if name in KINDS):
        items = kind.rows().filter(agency=agency, pk__in=found[kind.name]).annotate(deadline=F(kind.date)).select_related("customer")
        for item in items:
            notice = found[kind.name][item.pk]
            if item.deadline == notice.date:
                lines.append(Deadline(kind, item, notice.date, notice.step, notice.pk))
    return sorted(lines, key=lambda line: (line.date, line.kind.name, line.item.pk))


def customer_recipients(agency: Agency, customers: Iterable[Customer]) -> dict[int, Contact]:
    """Return the contact to notify by customer, with two queries. Contacts without an address or with an opt-out are left out."""
    contacts: dict[int, list[Contact]] = {customer.pk: [] for customer in customers}
    for contact in Contact.objects.filter(agency=agency, customer__in=contacts).in_order():
        contacts[contact.customer_id].append(contact)
    chosen = {key: fitting_contact(rows, DEADLINE_ROLES) for key, rows in contacts.items() if rows}
    digests = {contact.email: set(OPT_OUTS.digests(contact.email)) for contact in chosen.values() if contact.email}
    opt_outs = DeadlineOptOut.objects.for_agency(agency).filter(address_digest__in=set().union(*digests.values()))
    opted_out = set(opt_outs.values_list("address_digest", flat=True)) if digests else set()
    return {key: contact for key, contact in chosen.items() if contact.email and not digests[contact.email] & opted_out}
