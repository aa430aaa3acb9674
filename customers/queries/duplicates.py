"""Duplicate detection: existing customers with the same e-mail, phone, domain or name, or a similar name.

The form, imports and the search for pairs (`customers.merging.pairs`) use the same rules.
"""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, Func, OuterRef, Q, TextField, Value
from django.db.models.functions import Length, Right
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii, to_unicode
from customers.models import Customer
from customers.models.customers import website_host
from partnerportal.agencies.models import Agency
from partnerportal.core.countries import without_accents
from partnerportal.core.db_functions import FoldText
from partnerportal.core.search import MAX_QUERY_LENGTH

#: Maximum number of possible duplicates.
MAX_SHOWN = 5
#: Maximum number of customers that share a number, an address or a domain as duplicates.
#: More of them share a switchboard or a provider.
MAX_SHARED = 20
#: Minimum trigram similarity of similar names in the same city (0 to 1).
NAME_SIMILARITY = 0.5
REASONS = {
    "email": _("same e-mail"),
    "phone": _("same phone number"),
    "domain": _("same domain"),
    "same": _("same name"),
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
    shorter, longer = sorted((phone_significant(one), phone_significant(other)), key=len)
    return bool(shorter) and longer.endswith(shorter)


def phone_spellings(phone: str) -> set[str]:
    """Return what all spellings of a phone number have in common: its digits, with and without a country code of two digits."""
    digits = phone_significant(phone)
    if len(digits) < 6:
        return set()
    international = phone.lstrip().startswith(("+", "00"))
    return {digits, digits[2:].lstrip("0")} if international else {digits}


def phone_significant(phone: str) -> str:
    """Return the digits of a phone number that `same_number` compares."""
    return re.sub(r"\D", "", phone.replace("(0)", "")).lstrip("0")


def significant_digits(field: str) -> Func:
    """Return an expression for the digits of a phone number that `same_number` compares."""
    number = Func(F(field), Value("(0)"), Value(""), function="replace")
    digits = Func(number, Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    return Func(digits, Value("0"), function="ltrim", output_field=TextField())


def website_domain(website: str) -> str:
    """Return the domain name in the address of a website, without "www.", or an empty string."""
    try:
        return to_ascii(website).removeprefix("www.") if website else ""
    except ValidationError:
        return ""


def website_spellings(domains: Collection[str]) -> set[str]:
    """Return the hosts, without “www.”, in which websites with these domains may have been entered."""
    return {spelling for domain in domains for spelling in (domain, to_unicode(domain))}


def domain_spellings(name: str) -> set[str]:
    """Return a domain name with and without “www.”, which are one domain for an agency."""
    bare = name.removeprefix("www.")
    return {bare, f"www.{bare}"}


def folded_name(kind: str, company: str, first_name: str, last_name: str) -> str:
    """Return a customer's name for comparisons, or an empty string if it is a last name only."""
    if kind == Customer.Kind.COMPANY:
        return normalized(without_accents(company))
    return normalized(without_accents(f"{last_name} {first_name}")) if first_name else ""


def normalized(name: str) -> str:
    """Return a name without differences in case and spaces."""
    return " ".join(name.casefold().split())


def find_duplicates(agency: Agency, fields: dict[str, Any], *, wide: bool = False) -> list[DuplicateCandidate]:
    """Return existing customers, including archived ones, that these `fields` of a form may duplicate.

    With `wide`, which is for suggestions rather than warnings, the domain of the e-mail address and similar names in
    other cities also match. Uses two queries; each criterion has an index that starts with the agency.
    """
    existing = agency.customers.not_erased().order_by("-number")
    name = fields.get("company") or f"{fields.get('last_name', '')} {fields.get('first_name', '')}".strip()
    matches = _exact_matches(agency, fields, wide=wide)
    if same_name := _name_to_compare(fields):
        matches["same"] = existing.filter(sort_name=FoldText(Value(same_name)))
    if name and fields.get("city"):
        similarity = TrigramSimilarity("sort_name", FoldText(Value(name)))  # type: ignore[arg-type]  # expressions work, too
        in_city = existing.filter(city__iexact=fields["city"])
        matches["name"] = in_city.annotate(similarity=similarity).filter(similarity__gte=NAME_SIMILARITY)
    if wide:
        matches |= _name_matches(agency, fields)
    if not matches:
        return []
    # The names of company and person are two criteria with the same reason.
    limits = {"phone": MAX_SHARED + 1}
    queries = [customers.values("pk", reason=Value(key.split(":")[0]))[: limits.get(key, MAX_SHOWN)] for key, customers in matches.items()]
    rows = list(queries[0].union(*queries[1:], all=True))
    is_switchboard = sum(row["reason"] == "phone" for row in rows) > MAX_SHARED
    reasons: dict[int, list[str | Promise]] = defaultdict(list)
    for row in rows:
        if is_switchboard and row["reason"] == "phone":
            continue
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
        contacts = _with_number(agency.contacts.filter(phone_key=phone).exclude(phone_key=""), fields["phone"])
        matches["phone"] = existing.filter(pk__in=contacts.values("customer"))
    if domains:
        names = {name for domain in domains for name in domain_spellings(domain)}
        matches["domain"] = existing.filter(pk__in=agency.domains.filter(name__in=names).values("customer"))
        matches["domain:website"] = with_website(existing, domains)
    return matches


def with_website(customers: Any, domains: Collection[str]) -> Any:
    """Return the customers whose website is at one of these domains."""
    return customers.exclude(website="").annotate(host=website_host()).filter(host__in=website_spellings(domains))


def _with_number(contacts: Any, phone: str) -> Any:
    """Return the contacts with the same number, as `same_number` compares them."""
    digits, sought = significant_digits("phone"), Value(phone_significant(phone))
    longer, shorter = Q(tail=sought), Q(own_tail=F("digits"))
    return contacts.alias(digits=digits, tail=Right(F("digits"), Length(sought)), own_tail=Right(sought, Length(F("digits")))).filter(
        longer | shorter
    )


def _name_to_compare(fields: dict[str, Any]) -> str:
    """Return the name as in `Customer.sort_name`, or an empty string if it is a last name only."""
    if fields.get("kind", Customer.Kind.COMPANY) == Customer.Kind.COMPANY:
        return str(fields.get("company", ""))
    return f"{fields['last_name']} {fields['first_name']}" if fields.get("first_name") and fields.get("last_name") else ""


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
