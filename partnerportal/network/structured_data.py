"""Structured data of a profile for search engines: schema.org as JSON-LD."""

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from partnerportal.network.models import PartnerProfile

#: JSON escapes for characters that could end the surrounding <script> element.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def structured_data(profile: PartnerProfile, *, address: str, logo: str) -> SafeString:
    """Return a `ProfessionalService` with its rating (https://schema.org/ProfessionalService) for a `<script>` element.

    The type application/ld+json makes it a data block, to which the content security policy doesn't apply.
    """
    agency, rating = profile.agency, profile.rating
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ProfessionalService",
        # The same in every language, unlike the page's address.
        "@id": f"{settings.SITE_URL}{profile.get_absolute_url()}",
        "url": address,
        "name": agency.name,
        "slogan": profile.tagline,
        "description": profile.description,
        "image": logo,
        "sameAs": profile.website,
        "foundingDate": str(profile.founded or ""),
        "address": {"@type": "PostalAddress", "addressLocality": profile.city} if profile.city else "",
        "knowsLanguage": profile.language_codes,  # type: ignore[attr-defined]  # annotated by `with_names`
        "makesOffer": [
            {"@type": "Offer", "itemOffered": {"@type": "Service", "name": name}}
            for name in profile.service_names  # type: ignore[attr-defined]
        ],
    }
    if rating:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": f"{rating.average:.2f}",
            "reviewCount": rating.count,
            "bestRating": 5,
            "worstRating": 1,
        }
    text = json.dumps({name: value for name, value in data.items() if value}, ensure_ascii=False)
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308  # nosec  # escaped for a script element
