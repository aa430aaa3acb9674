"""Tokens of the links with which members unsubscribe from the digest."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from partnerportal.agencies.models import Membership


def unsubscribe_link(member: Membership) -> str:
    """Return the URL at which this member, and no one else, is unsubscribed."""
    return f"{settings.SITE_URL}{reverse('desk:digest_unsubscribe', args=[_signer().sign(str(member.pk))])}"


def read_token(token: str) -> int | None:
    """Return the membership's key in a token; None if it is invalid."""
    try:
        return int(_signer().unsign(token))
    except BadSignature:
        return None


def _signer() -> Signer:
    return Signer(salt="desk.digest", sep=".")
