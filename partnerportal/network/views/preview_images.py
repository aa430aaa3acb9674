"""Images that represent public pages in link previews."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_vary_headers
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerportal.core.language_addresses import CODES, fixed_language, language_url
from partnerportal.core.templatetags.portal import initials, rating
from partnerportal.network.models import PartnerProfile, ProfileLogo
from partnerportal.network.preview_images import MEDIA_TYPE, Preview, draw, kept_image
from partnerportal.network.site import current_site

#: Seconds for which an image can be cached at an address of its version, and at any other.
VERSION_MAX_AGE, OTHER_MAX_AGE = 60 * 60 * 24 * 365, 60


@require_safe
def profile_image(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the image of a registered profile."""
    profile = get_object_or_404(PartnerProfile.objects.public().select_related("agency__rating_summary"), slugs__slug=slug)
    return image_response(request, preview_of(profile), profile)


@require_safe
def directory_image(request: HttpRequest) -> HttpResponse:
    """Return the image of the directory."""
    return image_response(request, preview_of_directory())


def preview_of(profile: PartnerProfile) -> Preview:
    """Return what the image of a profile says in the active language."""
    summary, name = profile.rating, profile.agency.name
    preview = Preview(
        name, profile.tagline, current_site().network_name, initials=initials(name), logo_digest=profile.logo_digest, tint=profile.tint
    )
    if not summary:
        return preview
    count = ngettext("%(shown)s review", "%(shown)s reviews", summary.count) % {"shown": number_format(summary.count, force_grouping=True)}
    return replace(preview, rating=summary.average_rounded, figures=(rating(summary.average), count))


def preview_of_directory() -> Preview:
    """Return what the image of the directory says in the active language."""
    return Preview(_("Find an agency you can rely on"), _("Web agencies with verified customer reviews."), current_site().network_name)


def image_url(name: str, preview: Preview, *args: Any) -> str:
    """Return the absolute address of an image in the active language, which changes with the image."""
    language = next((code for code in CODES if (get_language() or "").startswith(code)), CODES[0])
    return f"{settings.SITE_URL}{language_url(name, *args, language=language)}?v={preview.version}"


def image_response(request: HttpRequest, preview: Preview, profile: PartnerProfile | None = None) -> HttpResponse:
    """Return the image, with the logo of `profile` if it has to be drawn."""
    image = kept_image(preview)
    if image is None:
        logo = ProfileLogo.objects.filter(profile=profile).first() if profile else None
        image = draw(preview, bytes(logo.content) if logo else None)
    response = HttpResponse(image, content_type=MEDIA_TYPE)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    is_current = request.GET.get("v") == preview.version
    response["Cache-Control"] = f"public, max-age={VERSION_MAX_AGE}, immutable" if is_current else f"public, max-age={OTHER_MAX_AGE}"
    if not fixed_language(request):
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response
