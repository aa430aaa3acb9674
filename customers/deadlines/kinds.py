"""Registry of what has deadlines.

Apps that this one can't import register theirs in their `hooks.py`, such as access that ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.deadlines.models import STEPS
from customers.models import Contract, Customer, Domain
from partnerportal.core.addresses import address

#: Writes an item and its deadline as text in the active language, from the item and whether the deadline has passed.
Text = Callable[[Any, date, bool], str]


@dataclass(frozen=True)
class DeadlineKind:
    """A kind of items with a deadline. Each item has an `agency` and a `customer`."""

    #: Stored with the notices.
    name: str
    #: Returns the items of all agencies of which someone is notified.
    rows: Callable[[], QuerySet[Any]]
    #: The field with the deadline. An index begins with the agency and this field.
    date: str
    #: A line of a member's e-mail, without full stop.
    text: Text
    #: Returns the path of the page with the next step.
    url: Callable[[Any], str]
    #: Items of which a member is notified only on the day after.
    only_after: Q | None = None
    #: A sentence of the customer's e-mail. Items of such a kind have the field `notify_customer`.
    customer_text: Text | None = None
    #: The steps before the deadline, some of `STEPS`, and whether there is one after it.
    steps: tuple[int, ...] = STEPS
    has_step_after: bool = True
    #: Notifies others of an item, in the same transaction as the members and therefore once.
    also_notify: Callable[[Any], None] | None = None


#: All kinds by name.
KINDS: dict[str, DeadlineKind] = {}


def register(kind: DeadlineKind) -> None:
    """Notify members of the deadlines of another kind of items."""
    KINDS[kind.name] = kind


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _domains() -> QuerySet[Any]:
    return Domain.objects.filter(customer__status=Customer.Status.ACTIVE)


def _domain_text(domain: Domain, day: date, is_past: bool) -> str:
    values = {"name": domain, "date": _day(day)}
    if domain.auto_renew:
        return _("Renewed? %(name)s was due on %(date)s") % values
    return (_("%(name)s expired on %(date)s") if is_past else _("%(name)s expires on %(date)s")) % values


def _domain_customer_text(domain: Domain, day: date, is_past: bool) -> str:
    values = {"name": domain, "date": _day(day)}
    return (_("Your domain %(name)s expired on %(date)s.") if is_past else _("Your domain %(name)s expires on %(date)s.")) % values


def _contracts() -> QuerySet[Any]:
    return Contract.objects.filter(status=Contract.Status.ACTIVE, customer__status=Customer.Status.ACTIVE)


def _contract_text(contract: Contract, day: date, is_past: bool) -> str:
    values = {"name": contract.named_product, "date": _day(day)}
    return (_("Contract %(name)s could be cancelled until %(date)s") if is_past else _("Contract %(name)s: cancel by %(date)s")) % values


def _contract_customer_text(contract: Contract, day: date, is_past: bool) -> str:
    assert contract.ends_on  # noqa: S101  # without it, there is no deadline
    values = {"name": contract.named_product, "date": _day(day), "end": _day(contract.ends_on)}
    if is_past:
        return _("Your contract %(name)s runs until %(end)s. It could be cancelled until %(date)s.") % values
    return _("Your contract %(name)s runs until %(end)s and can be cancelled until %(date)s.") % values


register(
    DeadlineKind(
        "domain",
        _domains,
        # The column of the indexes.
        date="sort_date",
        text=_domain_text,
        url=lambda domain: address("customers:domain_renew", domain.pk),
        only_after=Q(auto_renew=True),
        customer_text=_domain_customer_text,
    )
)
register(
    DeadlineKind(
        "contract",
        _contracts,
        date="cancel_by",
        text=_contract_text,
        url=lambda contract: address("customers:contract_renew", contract.pk),
        customer_text=_contract_customer_text,
    )
)
