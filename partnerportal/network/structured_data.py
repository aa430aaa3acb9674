"""What a profile says to search engines: schema.org data as JSON-LD."""

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from partnerportal.network.models import PartnerProfile

#: What could end the <script> element that the data stand in, or be taken for markup; JSON reads the escapes as the same characters.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def structured_data(profile: PartnerProfile, *, address: str, logo: str) -> SafeString:
    """A `ProfessionalService` with its rating (https://schema.org/ProfessionalService), to stand in a `<script>` of type
    application/ld+json. That is a data block: browsers don't execute it, so the content security policy has nothing against it.
    """
    agency, rating = profile.agency, profile.rating
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ProfessionalService",
        # The agency is the same in every language; its page isn't.
        "@id": f"{settings.SITE_URL}{profile.get_absolute_url()}",
        "url": address,
        "name": agency.name,
        "slogan": profile.claim,
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
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308  # nosec  # escaped for exactly this place
