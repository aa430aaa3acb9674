"""Likely duplicates of a customer: the same e-mail, phone, domain, or a similar name in the same city."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.models import Customer
from partnerportal.agencies.models import Agency
from partnerportal.folding import Fold

#: So many are shown.
MOST = 5
#: From this trigram similarity on (0 to 1), two names count as similar.
SIMILAR = 0.5
REASONS = {
    "email": _("same e-mail"),
    "phone": _("same phone number"),
    "domain": _("same domain"),
    "name": _("similar name in the same city"),
}


@dataclass(frozen=True)
class Twin:
    """A customer that is there already, and why it may be the same."""

    customer: Customer
    reasons: list[str | Promise]


def phone_key(phone: str) -> str:
    """The last eight digits without zeros before, as the column `Customer.phone_key` has them; empty below six digits."""
    digits = re.sub(r"\D", "", phone)
    return digits.lstrip("0")[-8:] if len(digits) >= 6 else ""


def website_domain(website: str) -> str:
    """The domain name in a website's address, without "www."; empty if there is none."""
    try:
        return to_ascii(website).removeprefix("www.") if website else ""
    except ValidationError:
        return ""


def likely_twins(agency: Agency, fields: dict[str, Any]) -> list[Twin]:
    """Who of the agency's customers, archived ones too, may be the one with these `fields` of a customer form.

    Two queries; each kind of likeness goes through an index that the agency leads.
    """
    known = agency.customers.known().order_by("-number")
    key, domain = phone_key(fields.get("phone", "")), website_domain(fields.get("website", ""))
    name = fields.get("company") or f"{fields.get('last_name', '')} {fields.get('first_name', '')}".strip()
    matches = {}
    if fields.get("email"):
        matches["email"] = known.filter(email__iexact=fields["email"])
    if key:
        matches["phone"] = known.filter(phone_key=key)
    if domain:
        matches["domain"] = known.filter(pk__in=agency.domains.filter(name__in=[domain, f"www.{domain}"]).values("customer"))
    if name and fields.get("city"):
        likeness = TrigramSimilarity("sort_name", Fold(Value(name)))  # type: ignore[arg-type]  # expressions work, too
        matches["name"] = known.filter(city__iexact=fields["city"]).annotate(likeness=likeness).filter(likeness__gte=SIMILAR)
    if not matches:
        return []
    found = [customers.values("pk", reason=Value(reason))[:MOST] for reason, customers in matches.items()]
    reasons: dict[int, list[str | Promise]] = defaultdict(list)
    for row in found[0].union(*found[1:], all=True):
        reasons[row["pk"]].append(REASONS[row["reason"]])
    customers = known.filter(pk__in=reasons)
    return sorted((Twin(customer, reasons[customer.pk]) for customer in customers), key=lambda twin: -len(twin.reasons))[:MOST]
