"""Context processor for the footer of public pages."""

from django.conf import settings
from django.http import HttpRequest


def legal_links(_request: HttpRequest) -> dict[str, str]:
    """Return the addresses of the operator's imprint and privacy policy; empty ones are not linked."""
    return {"site_imprint_url": settings.IMPRINT_URL, "site_privacy_url": settings.PRIVACY_URL}
