"""Reads about applications."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from partnerportal.accounts.models import User
from partnerportal.accounts.queries import confirmed_addresses
from partnerportal.agencies.models import Agency
from partnerportal.core.email_addresses import address_variants
from partnerportal.network.applications.models import INPUT_FIELDS, AgencyApplication
from partnerportal.network.models import Operator


def accepts_applications() -> bool:
    """Return whether agencies can apply now. Unlike `current_site()`, it shows a change immediately in every process."""
    return Operator.objects.filter(accepts_applications=True).exists()


def similar_agencies(application: AgencyApplication) -> QuerySet[Agency]:
    """Return other agencies with the same name or website, such as the one of a colleague who applied earlier."""
    page = application.website.partition("://")[2].removeprefix("www.").rstrip("/")
    spellings = [f"{scheme}://{www}{page}{end}" for scheme in ("https", "http") for www in ("", "www.") for end in ("", "/")]
    same = Q(name__iexact=application.name) | Q(profile__website__in=spellings)
    return Agency.objects.filter(same).exclude(application=application).order_by("pk")


def other_applications(application: AgencyApplication) -> QuerySet[AgencyApplication]:
    """Return the other confirmed applications from this address."""
    others = AgencyApplication.objects.filter(email__in=address_variants(application.email)).exclude(pk=application.pk)
    return others.exclude(status=AgencyApplication.Status.UNCONFIRMED).order_by("pk")


def application_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the applications from one of the person's confirmed addresses, for the download of their data."""
    for application in AgencyApplication.objects.filter(email__in=confirmed_addresses(user)).order_by("pk"):
        names = (*INPUT_FIELDS, "status", "reason", "created_at", "terms_agreed_at", "confirmed_at", "decided_at")
        yield {name: getattr(application, name) for name in names}
