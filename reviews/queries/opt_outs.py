"""Addresses that opted out of review e-mails."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from reviews import tokens
from reviews.models import ReviewOptOut


def opted_out_addresses(agency: Agency, emails: Iterable[str]) -> set[str]:
    """Return those of the addresses that opted out of the agency's review e-mails, with one query."""
    digests = {email: set(tokens.address_digests(email)) for email in emails if email}
    opted_out = set(opt_outs_with(agency=agency.pk, digests=tuple(set().union(*digests.values()))))
    return {email for email, candidates in digests.items() if candidates & opted_out}


@compiled
def opt_outs_with(*, agency: Any, digests: Any) -> QuerySet[ReviewOptOut, str]:
    """Return those of the digests that opted out."""
    return ReviewOptOut.objects.filter(agency=agency, address_digest__any=digests).values_list("address_digest", flat=True)
