"""Filter of the sent e-mails."""

import re
from typing import Any, cast

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from partnerportal.core.filters import ListFilter
from partnerportal.core.search import MAX_CANDIDATES, MAX_QUERY_LENGTH
from partnerportal.outbox.kinds import TYPES
from partnerportal.outbox.models import OutgoingMail, OutgoingMailQuerySet

#: Value of the type of all e-mails to members of the team.
TO_TEAM = "team"
#: Maximum number of found customers that are named.
MAX_NAMED = 5
_REFERENCE = re.compile(r"(?:K-?)?([0-9]{1,9})", re.IGNORECASE)


def _types() -> list[tuple[str, Any]]:
    return [("", _("All")), *((name, mail_type.label) for name, mail_type in TYPES.items()), (TO_TEAM, _("For the team"))]


class MailFilter(ListFilter):
    """Filter of an agency's e-mails by subject and recipient, status, type and customer."""

    STATUS_CHOICES = (
        ("", _("All")),
        ("sent", _("Sent")),
        ("queued", _("Queued")),
        ("failed", _("Failed")),
        ("unseen", _("Failed, not seen")),
    )

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Subject or recipient…")}),
    )
    status = forms.ChoiceField(label=_("Status"), choices=STATUS_CHOICES, required=False)
    type = forms.ChoiceField(label=_("Type"), choices=_types, required=False)
    customer = forms.CharField(
        label=_("Customer"),
        required=False,
        max_length=MAX_QUERY_LENGTH,
        widget=forms.TextInput(attrs={"placeholder": _("Name or number")}),
    )

    #: The customers with the given number or text, by name.
    found_customers: list[Customer]
    #: Whether more customers than those match.
    are_more: bool = False

    def clean(self) -> dict[str, Any]:
        # Invalid searches find nothing, instead of being ignored.
        for name in ("q", "customer"):
            if name in self.errors:
                self.cleaned_data[name] = self.data.get(name, "")
        self.found_customers = self._find(self.cleaned_data["customer"])
        return self.cleaned_data

    def _find(self, text: str) -> list[Customer]:
        """Return the customer with this number, or else those that a search for the text finds."""
        merged = ArraySubquery(Customer.objects.filter(merged_into=OuterRef("pk")).values("pk"))
        known: Any = self.agency.customers.exclude(status=Customer.Status.ERASED).annotate(merged_keys=merged)
        found, number = [], _REFERENCE.fullmatch(text)
        if number:
            found = list(known.filter(number=int(number[1])))
        if text and not found:
            keys = Customer.objects.for_agency(self.agency).not_erased().search(text)
            self.are_more = len(keys) > MAX_CANDIDATES
            found = list(known.filter(pk__in=keys[:MAX_CANDIDATES]).order_by("sort_name", "number")) if keys else []
        return found

    @property
    def found_customer(self) -> Customer | None:
        """The only customer with the given number or text."""
        return self.found_customers[0] if len(self.found_customers) == 1 else None

    @property
    def named_customers(self) -> list[tuple[Customer, str]]:
        """The first of several found customers, each with the query string of its e-mails."""
        named = []
        for customer in self.found_customers[:MAX_NAMED]:
            query = cast(QueryDict, self.data).copy()
            for name in ("after", "before"):
                query.pop(name, None)
            query["customer"] = customer.reference
            named.append((customer, query.urlencode()))
        return named

    @property
    def unnamed_count(self) -> int:
        """The number of further found customers."""
        return max(0, len(self.found_customers) - MAX_NAMED)

    @property
    def customers_by_key(self) -> dict[int, Customer]:
        """The found customers by their keys and those of customers that were merged into them."""
        return {key: customer for customer in self.found_customers for key in (customer.pk, *customer.merged_keys)}  # type: ignore[attr-defined]

    def mails(self) -> OutgoingMailQuerySet:
        """Return the agency's matching e-mails, without their bodies."""
        mails, chosen = OutgoingMail.objects.for_agency(self.agency).defer("encrypted_body"), self.chosen
        if chosen["status"] == "unseen":
            mails = mails.unseen()
        elif chosen["status"]:
            mails = mails.filter(status=chosen["status"])
        if chosen["type"] == TO_TEAM:
            mails = mails.filter(to_team=True)
        elif chosen["type"]:
            mails = mails.filter(to_team=False, kind__in=TYPES[chosen["type"]].kinds)
        if chosen["customer"]:
            mails = mails.filter(customer_id__in=list(self.customers_by_key))
        return mails.matching(chosen["q"]) if chosen["q"] else mails
