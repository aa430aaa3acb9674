"""Context processor for what public pages say about the operator of the network."""

from typing import Any

from django.http import HttpRequest

from partnerportal.core.language_addresses import fixed_language, language_url
from partnerportal.network.site import current_site


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the operator's site, and the addresses of its legal pages and of the form for applications; empty ones are not linked.

    The first isn't called `site`, because sign-in pages have a variable of that name from allauth.
    """
    current, language = current_site(), fixed_language(request)
    addresses = {f"site_{kind}_url": current.page_address(kind, language) for kind in ("imprint", "privacy", "terms")}
    apply_url = language_url("network:apply", language=language) if current.accepts_applications else ""
    return {"operator_site": current, "site_apply_url": apply_url, **addresses}
