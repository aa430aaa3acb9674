"""Badges for other sites, and what the agency's members need to embed or print: HTML, QR codes and cards."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.language_addresses import CODES, fixed_language, language_url, moved
from partnerportal.core.qr_codes import qr_code
from partnerportal.network.models import PartnerProfile
from partnerportal.network.views.caching import BADGE_MAX_AGE, profile_version, public_file
from reviews.badges import png, svg
from reviews.badges.design import Badge, arranged
from reviews.badges.texts import SIZES, THEME_NAMES, badge_of
from reviews.models import ReviewRequest
from reviews.queries.public import public_profiles

#: Variants on the members' page: label, theme and size.
VARIANTS = (
    (gettext_lazy("Light"), "light", "card"),
    (gettext_lazy("Dark"), "dark", "card"),
    (gettext_lazy("Compact, light"), "light", "compact"),
    (gettext_lazy("Compact, dark"), "dark", "compact"),
)


@public_file(profile_version, max_age=BADGE_MAX_AGE)
def badge_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the badge of a registered profile as SVG."""
    return _badge(request, slug, "svg")


@public_file(profile_version, max_age=BADGE_MAX_AGE)
def badge_png(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the badge of a registered profile as PNG, for e-mail signatures."""
    return _badge(request, slug, "png")


def _badge(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    theme, size = request.GET.get("theme", THEME_NAMES[0]), request.GET.get("size", SIZES[0])
    profile = next(iter(public_profiles(slug=slug)), None)
    if profile is None or theme not in THEME_NAMES or size not in SIZES:
        raise Http404
    response: HttpResponse
    if profile.slug != slug:
        response = moved(request, language_url(f"reviews:badge_{kind}", profile.slug, language=fixed_language(request)))
    else:
        badge = badge_of(profile, theme=theme, size=size)
        content: str | bytes = svg.svg(badge) if kind == "svg" else png.png(badge)
        response = HttpResponse(content, content_type=svg.MEDIA_TYPE if kind == "svg" else png.MEDIA_TYPE)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # other sites embed it
    return response


@dataclass(frozen=True)
class Variant:
    """A variant of the badge on the members' page, with the HTML that embeds it."""

    label: str
    name: str
    badge: Badge
    #: Path of the preview.
    preview: str
    width: int
    height: int
    html: str
    signature: str


@agency_view(methods=("GET",))
def badge_page(request: AgencyRequest) -> HttpResponse:
    """Show the badge in all variants, the HTML to copy, and the QR code of the profile."""
    profile = _own_profile(request)
    language = _chosen_language(request)
    context: dict[str, Any] = {"profile": profile, "language": language, "codes": [(code, _native_name(code)) for code in CODES]}
    if profile and profile.is_registered:
        with translation.override(language):
            context["variants"] = list(_variants(profile, language))
        address = _profile_address(profile, language)
        context |= {"address": address, "qr": qr_code(address, label=_("QR code of your public profile"))}
    return render(request, "reviews/badge.html", context)


@agency_view(methods=("GET",))
def profile_card(request: AgencyRequest) -> HttpResponse:
    """Show a card of A6 size with the QR code of the profile, to be printed."""
    profile = _own_profile(request)
    if profile is None or not profile.is_registered:
        raise Http404
    language = _chosen_language(request)
    with translation.override(language):
        texts = {"heading": _("What our customers say"), "text": _("Read our customers’ reviews.")}
        label = _("QR code of our profile")
    address = _profile_address(profile, language)
    return _card(request, profile, address, language, label, texts)


@agency_view(methods=("GET",))
def request_card(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show a card of A6 size with the QR code of an open personal link, in the recipient's language."""
    requests = request.agency.review_requests.select_related("customer", "contact", "project")
    review_request: ReviewRequest = get_object_or_404(requests, pk=pk)
    if review_request.current_status != ReviewRequest.Status.OPEN or not review_request.link:
        raise Http404
    language = review_request.recipient.language
    with translation.override(language):
        texts = {"heading": _("How was our work?"), "text": _("Rate us. It takes a minute.")}
        texts["subject"] = review_request.subject_label if review_request.is_project else ""
        label = _("QR code of your personal review page")
    return _card(request, _own_profile(request), review_request.link, language, label, texts | {"review_request": review_request})


def _card(
    request: AgencyRequest, profile: PartnerProfile | None, address: str, language: str, label: str, context: dict[str, Any]
) -> HttpResponse:
    short = address.partition("://")[2].rstrip("/")
    context |= {"profile": profile, "address": short, "language": language, "qr": qr_code(address, label=label)}
    return render(request, "reviews/card.html", context)


def _own_profile(request: AgencyRequest) -> PartnerProfile | None:
    return PartnerProfile.objects.select_related("agency__rating_summary").filter(agency=request.agency).first()


def _chosen_language(request: AgencyRequest) -> str:
    """Return the language chosen in the address, or else the user's."""
    return next((code for code in CODES if code == request.GET.get("language")), get_language() or CODES[0])


def _native_name(code: str) -> str:
    return str(translation.get_language_info(code)["name_local"]).capitalize()


def _profile_address(profile: PartnerProfile, language: str) -> str:
    return f"{settings.SITE_URL}{language_url('network:profile', profile.slug, language=language)}"


def _variants(profile: PartnerProfile, language: str) -> Iterator[Variant]:
    """Yield all variants in the active language."""
    # Permanent, unlike the rating, which would be outdated on other sites.
    alt = _("Customer reviews of %(agency)s") % {"agency": profile.agency.name}
    link = _profile_address(profile, language)
    for label, theme, size in VARIANTS:
        badge = badge_of(profile, theme=theme, size=size)
        drawing = arranged(badge)
        chosen = {"theme": theme} if theme != THEME_NAMES[0] else {}
        chosen |= {"size": size} if size != SIZES[0] else {}
        query = f"?{urlencode(chosen)}" if chosen else ""
        paths = {kind: language_url(f"reviews:badge_{kind}", profile.slug, language=language) + query for kind in ("svg", "png")}
        html = {kind: _embedding(link, f"{settings.SITE_URL}{path}", drawing.width, drawing.height, alt) for kind, path in paths.items()}
        yield Variant(
            str(label), f"{size}-{theme}", badge, paths["svg"], drawing.width, drawing.height, html=html["svg"], signature=html["png"]
        )


def _embedding(link: str, image: str, width: int, height: int, alt: str) -> SafeString:
    return format_html('<a href="{}"><img src="{}" width="{}" height="{}" alt="{}"></a>', link, image, width, height, alt)
