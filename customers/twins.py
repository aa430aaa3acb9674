"""Likely duplicates of a customer: the same e-mail, phone, domain, or a similar name in the same city."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.models import Customer
from customers.search import Fold
from partnerportal.agencies.models import Agency

#: So many are shown.
MOST = 5
#: From this trigram similarity on (0 to 1), two names count as similar.
SIMILAR = 0.5


@dataclass(frozen=True)
class Twin:
    """A customer that is there already, and why it may be the same."""

    customer: Customer
    reasons: list[str | Promise]


def phone_key(phone: str) -> str:
    """The last nine digits, as the column `Customer.phone_key` has them; empty below six digits."""
    digits = re.sub(r"\D", "", phone)
    return digits[-9:] if len(digits) >= 6 else ""


def website_domain(website: str) -> str:
    """The domain name in a website's address, without "www."; empty if there is none."""
    try:
        return to_ascii(website).removeprefix("www.") if website else ""
    except ValidationError:
        return ""


def likely_twins(agency: Agency, fields: dict[str, Any]) -> list[Twin]:
    """Who of the agency's customers, archived ones too, may be the one with these `fields` of a customer form.

    A query for each kind of likeness, each by an index that the agency leads.
    """
    email, key, domain = fields.get("email", ""), phone_key(fields.get("phone", "")), website_domain(fields.get("website", ""))
    known: QuerySet[Customer] = agency.customers.known()
    reasons: dict[int, list[str | Promise]] = {}
    customers: dict[int, Customer] = {}

    def found(matches: QuerySet[Customer], reason: str | Promise) -> None:
        for customer in matches.order_by("-number")[:MOST]:
            customers.setdefault(customer.pk, customer)
            reasons.setdefault(customer.pk, []).append(reason)

    if email:
        found(known.filter(email__iexact=email), _("same e-mail"))
    if key:
        found(known.filter(phone_key=key), _("same phone number"))
    if domain:
        found(known.filter(Q(domains__name__in=[domain, f"www.{domain}"])).distinct(), _("same domain"))
    name = fields.get("company") or f"{fields.get('last_name', '')} {fields.get('first_name', '')}".strip()
    if name and fields.get("city"):
        similar = known.filter(city__iexact=fields["city"]).annotate(likeness=TrigramSimilarity("sort_name", Fold(Value(name))))  # type: ignore[arg-type]
        found(similar.filter(likeness__gte=SIMILAR), _("similar name in the same city"))
    return sorted((Twin(customers[pk], reasons[pk]) for pk in customers), key=lambda twin: -len(twin.reasons))[:MOST]
