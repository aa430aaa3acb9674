"""Customers who are likely somebody that is there already: the same e-mail, phone, domain, or a similar name."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.models import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import FoldText
from partnerportal.core.search import MAX_QUERY_LENGTH

#: So many are shown.
MAX_SHOWN = 5
#: From this trigram similarity on (0 to 1), two names count as similar.
NAME_SIMILARITY = 0.5
REASONS = {
    "email": _("same e-mail"),
    "phone": _("same phone number"),
    "domain": _("same domain"),
    "name": _("similar name in the same city"),
    "called": _("similar name"),
}
#: From this word similarity on (0 to 1), a name counts as standing among what a customer is found by.
WORD_SIMILARITY = 0.8
#: Below so many letters, a name is like too many others.
MIN_NAME_LENGTH = 3


@dataclass(frozen=True)
class DuplicateCandidate:
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


def find_duplicates(agency: Agency, fields: dict[str, Any], *, wide: bool = False) -> list[DuplicateCandidate]:
    """Who of the agency's customers, archived ones too, may be the one with these `fields` of a customer form.

    `wide` is for choosing, not for warning: the domain of the e-mail address counts, too, and a similar name anywhere.

    Two queries; each kind of likeness goes through an index that the agency leads.
    """
    known = agency.customers.known().order_by("-number")
    key, domains = phone_key(fields.get("phone", "")), {website_domain(fields.get("website", ""))}
    if wide:
        domains.add(website_domain(fields.get("email", "").rpartition("@")[2]))
    domains.discard("")
    name = fields.get("company") or f"{fields.get('last_name', '')} {fields.get('first_name', '')}".strip()
    matches = {}
    if fields.get("email"):
        matches["email"] = known.with_address(fields["email"])
    if key:
        matches["phone"] = known.filter(phone_key=key)
    if domains:
        names = [*domains, *(f"www.{domain}" for domain in domains)]
        matches["domain"] = known.filter(pk__in=agency.domains.filter(name__in=names).values("customer"))
    if name and fields.get("city"):
        likeness = TrigramSimilarity("sort_name", FoldText(Value(name)))  # type: ignore[arg-type]  # expressions work, too
        matches["name"] = known.filter(city__iexact=fields["city"]).annotate(likeness=likeness).filter(likeness__gte=NAME_SIMILARITY)
    if wide:
        matches |= _name_matches(agency, fields)
    if not matches:
        return []
    # A company's and a person's name are two ways to the same reason.
    found = [customers.values("pk", reason=Value(way.split(":")[0]))[:MAX_SHOWN] for way, customers in matches.items()]
    reasons: dict[int, list[str | Promise]] = defaultdict(list)
    for row in found[0].union(*found[1:], all=True):
        if REASONS[row["reason"]] not in reasons[row["pk"]]:
            reasons[row["pk"]].append(REASONS[row["reason"]])
    customers = known.filter(pk__in=reasons)
    return sorted((DuplicateCandidate(customer, reasons[customer.pk]) for customer in customers), key=lambda twin: -len(twin.reasons))[
        :MAX_SHOWN
    ]


def _name_matches(agency: Agency, fields: dict[str, Any]) -> dict[str, Any]:
    """Those among whose texts the company's or the person's name stands, or nearly so; by the trigram index."""
    names = {"company": fields.get("company", ""), "person": f"{fields.get('first_name', '')} {fields.get('last_name', '')}".strip()}
    known = Customer.objects.for_agency(agency).known()
    found = {}
    for which, name in names.items():
        if len(name) >= MIN_NAME_LENGTH:
            folded = FoldText(Value(name[:MAX_QUERY_LENGTH]))
            likeness = TrigramWordSimilarity(folded, "search_text")  # type: ignore[arg-type]  # expressions work, too
            alike = known.filter(search_text__trigram_word_similar=folded).annotate(likeness=likeness).filter(likeness__gte=WORD_SIMILARITY)
            found[f"called:{which}"] = alike.order_by("-likeness", "-number")
    return found
