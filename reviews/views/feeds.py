"""Feeds of an agency's public reviews, which the agency can turn on in its profile."""

from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from partnerportal.core.language_addresses import fixed_language, language_url, moved
from partnerportal.core.pagination import Rows, keyset_page
from partnerportal.core.templatetags.portal import rating
from partnerportal.network.models import PartnerProfile
from partnerportal.network.views.caching import profile_version, public_file
from reviews.feeds import ATOM, JSON, Entry, Feed, atom, json_feed
from reviews.models import Review
from reviews.queries.public import feed_reviews, public_profiles

#: Number of reviews on a page.
PAGE_SIZE = 20


@public_file(profile_version)
def feed_atom(request: HttpRequest, slug: str) -> HttpResponse:
    """Return public reviews as Atom, newest first."""
    return _response(request, slug, "feed_atom")


@public_file(profile_version)
def feed_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return public reviews as JSON Feed, newest first."""
    return _response(request, slug, "feed_json")


def _response(request: HttpRequest, slug: str, route: str) -> HttpResponse:
    profile = next(iter(public_profiles(slug=slug)), None)
    if profile is None or not profile.offers_feeds:
        raise Http404
    if profile.slug != slug:
        return moved(request, language_url(f"reviews:{route}", profile.slug, language=fixed_language(request)))
    feed = _feed(request, profile, route)
    if route == "feed_atom":
        return HttpResponse(atom(feed), content_type=f"{ATOM}; charset=utf-8")
    return HttpResponse(json_feed(feed), content_type=f"{JSON}; charset=utf-8")


def _feed(request: HttpRequest, profile: PartnerProfile, route: str) -> Feed:
    page = keyset_page(request, Rows(feed_reviews, values={"agency": profile.agency_id}), order_by=("-pk",), size=PAGE_SIZE)
    language, agency = fixed_language(request), profile.agency
    first = f"{settings.SITE_URL}{language_url(f'reviews:{route}', profile.slug, language=language)}"
    place = {name: request.GET[name] for name in ("after", "before") if request.GET.get(name)}
    return Feed(
        # Stays the same if the address of the profile changes.
        id=_tag(profile.created_at, f"agencies/{agency.pk}/reviews/{get_language()}"),
        title=_("Customer reviews of %(agency)s") % {"agency": agency.name},
        language=get_language() or settings.LANGUAGE_CODE,
        profile=f"{settings.SITE_URL}{language_url('network:profile', profile.slug, language=language)}",
        address=f"{first}?{urlencode(place)}" if place else first,
        first=first,
        next=f"{first}{page.next_url}" if page.next_url else "",
        previous=f"{first}{page.previous_url}" if page.previous_url else "",
        updated=cast(Any, request).public_version.changed_at,
        entries=[_entry(review, profile, language) for review in page.items],
    )


def _entry(review: Review, profile: PartnerProfile, language: str) -> Entry:
    reply = review.reply
    texts = [review.text]
    if reply:
        texts.append(_("Reply from %(agency)s:") % {"agency": profile.agency.name} + f"\n{reply.text}")
    title = _("%(rating)s of 5 stars: %(subject)s") % {"rating": rating(review.overall), "subject": review.subject_label}
    changes = [review.created_at, review.edited_at, reply.created_at if reply else None]
    return Entry(
        id=_tag(review.created_at, f"reviews/{review.pk}"),
        address=f"{settings.SITE_URL}{language_url('reviews:public', profile.slug, review.pk, language=language)}",
        title=title,
        text="\n\n".join(text for text in texts if text) or title,
        author=review.author_label,
        published=review.created_at,
        updated=max(moment for moment in changes if moment),
    )


def _tag(created_at: datetime, name: str) -> str:
    """Return a permanent identifier (RFC 4151)."""
    return f"tag:{_host(settings.SITE_URL)},{created_at.date().isoformat()}:{name}"


@lru_cache
def _host(url: str) -> str | None:
    return urlsplit(url).hostname
