"""Duplicate detection: existing customers with the same e-mail, phone or domain, or a similar name."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.models import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import FoldText
from partnerportal.core.search import MAX_QUERY_LENGTH

#: Maximum number of possible duplicates.
MAX_SHOWN = 5
#: Minimum trigram similarity of similar names in the same city (0 to 1).
NAME_SIMILARITY = 0.5
REASONS = {
    "email": _("same e-mail"),
    "phone": _("same phone number"),
    "domain": _("same domain"),
    "name": _("similar name in the same city"),
    "called": _("similar name"),
}
#: Minimum word similarity between a name and a customer's search text (0 to 1).
WORD_SIMILARITY = 0.8
#: Minimum length of names to search for; shorter ones match too many customers.
MIN_NAME_LENGTH = 3


@dataclass(frozen=True)
class DuplicateCandidate:
    """A possible duplicate and the reasons for it."""

    customer: Customer
    reasons: list[str | Promise]


def phone_key(phone: str) -> str:
    """Return the value of `Customer.phone_key` for a phone number."""
    digits = re.sub(r"\D", "", phone)
    return digits.lstrip("0")[-8:] if len(digits) >= 6 else ""


def same_number(one: str, other: str) -> bool:
    """Return whether two phone numbers with the same `phone_key` are equal, of which one may lack the country's code.

    Numbers with different area codes can have the same last eight digits.
    """
    shorter, longer = sorted((_significant(one), _significant(other)), key=len)
    return bool(shorter) and longer.endswith(shorter)


def phone_spellings(phone: str) -> set[str]:
    """Return what all spellings of a phone number have in common: its digits, with and without a country code of two digits."""
    digits = _significant(phone)
    if len(digits) < 6:
        return set()
    international = phone.lstrip().startswith(("+", "00"))
    return {digits, digits[2:].lstrip("0")} if international else {digits}


def _significant(phone: str) -> str:
    return re.sub(r"\D", "", phone.replace("(0)", "")).lstrip("0")


def website_domain(website: str) -> str:
    """Return the domain name in the address of a website, without "www.", or an empty string."""
    try:
        return to_ascii(website).removeprefix("www.") if website else ""
    except ValidationError:
        return ""


def find_duplicates(agency: Agency, fields: dict[str, Any], *, wide: bool = False) -> list[DuplicateCandidate]:
    """Return existing customers, including archived ones, that these `fields` of a form may duplicate.

    With `wide`, which is for suggestions rather than warnings, the domain of the e-mail address and similar names in
    other cities also match. Uses two queries; each criterion has an index that starts with the agency.
    """
    existing = agency.customers.not_erased().order_by("-number")
    name = fields.get("company") or f"{fields.get('last_name', '')} {fields.get('first_name', '')}".strip()
    matches = _exact_matches(agency, fields, wide=wide)
    if name and fields.get("city"):
        similarity = TrigramSimilarity("sort_name", FoldText(Value(name)))  # type: ignore[arg-type]  # expressions work, too
        in_city = existing.filter(city__iexact=fields["city"])
        matches["name"] = in_city.annotate(similarity=similarity).filter(similarity__gte=NAME_SIMILARITY)
    if wide:
        matches |= _name_matches(agency, fields)
    if not matches:
        return []
    # The names of company and person are two criteria with the same reason.
    queries = [customers.values("pk", reason=Value(key.split(":")[0]))[:MAX_SHOWN] for key, customers in matches.items()]
    reasons: dict[int, list[str | Promise]] = defaultdict(list)
    for row in queries[0].union(*queries[1:], all=True):
        if REASONS[row["reason"]] not in reasons[row["pk"]]:
            reasons[row["pk"]].append(REASONS[row["reason"]])
    candidates = [DuplicateCandidate(customer, reasons[customer.pk]) for customer in existing.filter(pk__in=reasons)]
    return sorted(candidates, key=lambda candidate: -len(candidate.reasons))[:MAX_SHOWN]


def find_exact_match(agency: Agency, fields: dict[str, Any]) -> DuplicateCandidate | None:
    """Return the newest active customer with the e-mail address, the phone number or the domain of these `fields`.

    As with `wide` in `find_duplicates`, the domain of the e-mail address also matches. Uses one query.
    """
    matches = _exact_matches(agency, fields, wide=True)
    if not matches:
        return None
    queries = [customers.values("pk")[:MAX_SHOWN] for customers in matches.values()]
    same = {key: Exists(matches[key].filter(pk=OuterRef("pk"))) if key in matches else Value(False) for key in ("email", "phone")}
    found = agency.customers.active().filter(pk__in=queries[0].union(*queries[1:]))
    found = found.annotate(same_email=same["email"], same_phone=same["phone"])

    def reasons(customer: Any) -> list[str]:
        return [key for key, is_same in (("email", customer.same_email), ("phone", customer.same_phone)) if is_same] or ["domain"]

    candidates = [DuplicateCandidate(customer, [REASONS[key] for key in reasons(customer)]) for customer in found.order_by("-number")]
    return max(candidates, key=lambda candidate: (len(candidate.reasons), candidate.reasons[0] != REASONS["domain"]), default=None)


def _exact_matches(agency: Agency, fields: dict[str, Any], *, wide: bool) -> dict[str, Any]:
    """Return the customers with the same e-mail address, phone number or domain."""
    existing = agency.customers.not_erased().order_by("-number")
    phone, domains = phone_key(fields.get("phone", "")), {website_domain(fields.get("website", ""))}
    if wide:
        domains.add(website_domain(fields.get("email", "").rpartition("@")[2]))
    domains.discard("")
    matches = {}
    if fields.get("email"):
        matches["email"] = existing.with_address(fields["email"])
    if phone:
        # The second condition lets the planner use the partial index.
        contacts = agency.contacts.filter(phone_key=phone).exclude(phone_key="")
        matches["phone"] = existing.filter(pk__in=contacts.values("customer"))
    if domains:
        names = [*domains, *(f"www.{domain}" for domain in domains)]
        matches["domain"] = existing.filter(pk__in=agency.domains.filter(name__in=names).values("customer"))
    return matches


def _name_matches(agency: Agency, fields: dict[str, Any]) -> dict[str, Any]:
    """Return customers whose search text contains a similar company or person name."""
    names = {"company": fields.get("company", ""), "person": f"{fields.get('first_name', '')} {fields.get('last_name', '')}".strip()}
    existing = Customer.objects.for_agency(agency).not_erased()
    matches = {}
    for key, name in names.items():
        if len(name) >= MIN_NAME_LENGTH:
            folded = FoldText(Value(name[:MAX_QUERY_LENGTH]))
            similarity = TrigramWordSimilarity(folded, "search_text")  # type: ignore[arg-type]  # expressions work, too
            similar = existing.filter(search_text__trigram_word_similar=folded).annotate(similarity=similarity)
            matches[f"called:{key}"] = similar.filter(similarity__gte=WORD_SIMILARITY).order_by("-similarity", "-number")
    return matches
