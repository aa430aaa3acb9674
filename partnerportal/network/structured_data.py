"""Structured data of profiles and reviews for search engines: schema.org as JSON-LD.

What search engines require of it: https://developers.google.com/search/docs/appearance/structured-data/review-snippet
"""

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from partnerportal.core.language_addresses import language_url
from partnerportal.network.models import PartnerProfile

#: JSON escapes for characters that could end the surrounding <script> element.
_ESCAPES = {char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def structured_data(profile: PartnerProfile, *, address: str, logo: str, reviews: Iterable[Any], language: str) -> SafeString:
    """Return a `ProfessionalService` with its rating (https://schema.org/ProfessionalService) for a `<script>` element.

    It contains those of the displayed `reviews` that are public. `language` is the one fixed by the page’s address, if any.
    The type application/ld+json makes it a data block, to which the content security policy doesn't apply.
    """
    return _script(
        {
            "@context": "https://schema.org",
            **_agency(profile),
            "url": address,
            "slogan": profile.tagline,
            "description": profile.description,
            "image": logo,
            "sameAs": profile.website,
            "foundingDate": str(profile.founded or ""),
            "knowsLanguage": profile.language_codes,  # type: ignore[attr-defined]  # annotated by `with_names`
            "makesOffer": [
                {"@type": "Offer", "itemOffered": {"@type": "Service", "name": name}}
                for name in profile.service_names  # type: ignore[attr-defined]
            ],
            "review": [_review(review, profile, language) for review in reviews if review.is_public],
        }
    )


def structured_review(review: Any, profile: PartnerProfile, *, language: str) -> SafeString:
    """Return a public review (https://schema.org/Review) with the agency that it rates, for a `<script>` element."""
    agency = _agency(profile) | {"url": f"{settings.SITE_URL}{language_url('network:profile', profile.slug, language=language)}"}
    return _script({"@context": "https://schema.org", **_review(review, profile, language), "itemReviewed": _filled(agency)})


def _agency(profile: PartnerProfile) -> dict[str, Any]:
    """Return what identifies the agency, and its rating."""
    rating = profile.rating
    return {
        "@type": "ProfessionalService",
        # The same in every language, unlike the page's address.
        "@id": f"{settings.SITE_URL}{profile.get_absolute_url()}",
        "name": profile.agency.name,
        "address": {"@type": "PostalAddress", "addressLocality": profile.city} if profile.city else "",
        "aggregateRating": {"@type": "AggregateRating", "reviewCount": rating.count, **_value(rating.average)} if rating else "",
    }


def _review(review: Any, profile: PartnerProfile, language: str) -> dict[str, Any]:
    """Return a review with the author as the page shows them."""
    is_company = review.author and review.display_name_as == "company"
    return _filled(
        {
            "@type": "Review",
            "url": f"{settings.SITE_URL}{language_url('reviews:public', profile.slug, review.pk, language=language)}",
            "name": review.subject_label,
            "author": {"@type": "Organization" if is_company else "Person", "name": review.author_label},
            "datePublished": review.created_at.isoformat(timespec="seconds"),
            "dateModified": review.edited_at.isoformat(timespec="seconds") if review.edited_at else "",
            "reviewRating": {"@type": "Rating", **_value(review.overall)},
            "reviewBody": review.text,
            "comment": _reply(review.reply, profile) if review.reply else "",
        }
    )


def _reply(reply: Any, profile: PartnerProfile) -> dict[str, Any]:
    return {
        "@type": "Comment",
        "text": reply.text,
        "datePublished": reply.created_at.isoformat(timespec="seconds"),
        "author": {"@type": "Organization", "name": profile.agency.name},
    }


def _value(stars: Any) -> dict[str, Any]:
    return {"ratingValue": f"{stars:.2f}", "bestRating": 5, "worstRating": 1}


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value}


def _script(data: dict[str, Any]) -> SafeString:
    text = json.dumps(_filled(data), ensure_ascii=False)
    # Much faster than str.translate().
    for char, escape in _ESCAPES.items():
        text = text.replace(char, escape)
    return mark_safe(text)  # noqa: S308  # nosec  # escaped for a script element
