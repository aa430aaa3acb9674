"""Check of the database, which `manage.py migrate` runs at each start."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, transaction

from partnerportal.network.models import LegalKind, LegalPage

#: Hosts of installations that only their own machine can reach.
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


@checks.register(checks.Tags.database)
def legal_pages_are_published(*, databases: Any = None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn if the imprint or the privacy policy is missing in production."""
    if not databases or settings.DEBUG or urlsplit(settings.SITE_URL).hostname in _LOCAL_HOSTS:
        return []
    published = _published_kinds()
    if published is None:
        return []
    wanted = (("imprint", "IMPRINT_URL", "W001"), ("privacy", "PRIVACY_URL", "W002"))
    return [
        checks.Warning(
            f"The public pages link no {LegalKind(kind).label.lower()}.",
            hint=f"Add it in Django admin under “Legal pages”, or set {setting}.",
            id=f"network.{number}",
        )
        for kind, setting, number in wanted
        if kind not in published and not getattr(settings, setting)
    ]


def _published_kinds() -> set[str] | None:
    """Return the published pages, or None before the first migration."""
    try:
        with transaction.atomic():
            return set(LegalPage.objects.exclude(text="").values_list("kind", flat=True))
    except DatabaseError:
        return None
