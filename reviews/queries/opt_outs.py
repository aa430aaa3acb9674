"""Addresses that opted out of review e-mails."""

from collections.abc import Iterable

from partnerportal.agencies.models import Agency
from reviews import tokens
from reviews.models import ReviewOptOut


def opted_out_addresses(agency: Agency, emails: Iterable[str]) -> set[str]:
    """Return those of the addresses that opted out of the agency's review e-mails, with one query."""
    digests = {email: set(tokens.address_digests(email)) for email in emails if email}
    opt_outs = ReviewOptOut.objects.filter(agency=agency, address_digest__in=set().union(*digests.values()))
    opted_out = set(opt_outs.values_list("address_digest", flat=True))
    return {email for email, candidates in digests.items() if candidates & opted_out}
