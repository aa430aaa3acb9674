"""Public pages of the partner network. Profiles that are not registered return 404."""

from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from partnerportal.agencies.models import Agency, Role
from partnerportal.core.compiled import compiled
from partnerportal.core.language_addresses import fixed_language, language_url, moved, page_addresses
from partnerportal.core.pagination import capped_count, first_page, is_first_page, keyset_page
from partnerportal.network.forms.filters import DirectoryFilter, ReviewChoice
from partnerportal.network.models import (
    PartnerProfile,
    PartnerProfileQuerySet,
    ProfileLanguage,
    ProfileLogo,
    Service,
    WorkSample,
    name_column,
)
from partnerportal.network.services.pictures import MEDIA_TYPE
from partnerportal.network.structured_data import structured_data
from partnerportal.network.views.caching import directory_version, profile_version, public_page
from partnerportal.network.views.preview_images import image_url, preview_of, preview_of_directory

#: Seconds for which logos can be cached. Their address changes with their content.
LOGO_MAX_AGE = 60 * 60 * 24 * 365
CARDS_PER_PAGE = 24
REVIEWS_PER_PAGE = 10


@public_page(directory_version)
def directory(request: HttpRequest) -> HttpResponse:
    """Search, filter and sort the registered agencies."""
    version = cast(Any, request).public_version
    filters = DirectoryFilter(request.GET, lists=version.lists)
    order_by = filters.order_by()
    if filters.is_set or not is_first_page(request):
        profiles, total, more = filters.profiles()
        page = keyset_page(request, _cards(profiles), order_by=order_by, size=CARDS_PER_PAGE)
    else:
        total, more = _count(version.content)
        page = first_page(request, _first_cards(name_column(), *order_by), order_by=order_by, size=CARDS_PER_PAGE)
    context = {
        "page": page,
        "filters": filters,
        "total": total,
        "total_is_more": more,
        "preview_image": image_url("network:directory_image", preview_of_directory()),
        **page_addresses("network:directory", language=fixed_language(request)),
    }
    return render(request, "network/directory.html", context)


@public_page(profile_version)
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an agency with its rating and reviews."""
    profile = _profile_or_404(slug, only_public=True)
    if profile.slug != slug:
        return moved(request, language_url("network:profile", profile.slug, language=fixed_language(request)))
    visitor = cast(Any, request)
    is_own = visitor.agency == profile.agency and not visitor.membership.lacks_second_factor
    return render(request, "network/profile.html", profile_context(request, profile, is_own=is_own))


@require_safe
def logo(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """Return the logo of a registered profile; otherwise only to the agency's members and admins."""
    profile = _profile_or_404(slug, only_public=False)
    visitor = cast(Any, request)
    if not (profile.is_registered or profile.agency == visitor.agency or visitor.user.is_staff) or not profile.logo_digest:
        raise Http404
    if (profile.slug, profile.logo_digest) != (slug, digest):
        # A cached page contains an older address.
        return redirect(profile.logo_url)
    response = HttpResponse(bytes(ProfileLogo.objects.get(profile=profile).content), content_type=MEDIA_TYPE)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # agencies can embed their logo on other sites
    response["Cache-Control"] = f"{'public' if profile.is_registered else 'private'}, max-age={LOGO_MAX_AGE}, immutable"
    return response


@cache_control(public=True, max_age=60 * 60 * 24)
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Exclude personal pages and forms from search engines."""
    return render(
        request, "network/robots.txt", {"sitemap": _absolute(reverse("network:sitemap"))}, content_type="text/plain; charset=utf-8"
    )


def profile_context(request: HttpRequest, profile: PartnerProfile, *, is_own: bool) -> dict[str, Any]:
    """Return the template context of a profile `with_names`. `is_own` adds what only the agency's members see."""
    addresses = page_addresses("network:profile", profile.slug, language=fixed_language(request))
    logo = _absolute(profile.logo_url) if profile.logo_digest else ""
    reviews = _reviews(request, profile, is_own=is_own)
    displayed, language = [*reviews["highlighted"], *reviews["page"].items], fixed_language(request)
    return {
        "profile": profile,
        # Reviews have pages of their own while the profile is registered.
        "slug": profile.slug if profile.is_registered else "",
        "agency": profile.agency,
        "rating": profile.rating,
        "services": profile.service_names,  # type: ignore[attr-defined]  # annotated by `with_names`
        "languages": profile.language_names,  # type: ignore[attr-defined]
        "work": [WorkSample(profile=profile, **sample) for sample in profile.work],  # type: ignore[attr-defined]
        **addresses,
        "preview_image": image_url("network:profile_image", preview_of(profile), profile.slug),
        "structured_data": structured_data(profile, address=addresses["canonical"], logo=logo, reviews=displayed, language=language),
        **reviews,
    }


def _reviews(request: HttpRequest, profile: PartnerProfile, *, is_own: bool) -> dict[str, Any]:
    """Return pinned and other reviews, or the selected ones. Members also see hidden ones."""
    choice = ReviewChoice(request.GET)
    on_first_page = not choice.is_narrowed and not request.GET.keys() & {"after", "before"}
    highlighted: list[Any] = []
    if on_first_page and not is_own:
        highlighted = _pinned(agency=profile.agency_id)
        rows = _first_reviews(*choice.order_by, agency=profile.agency_id)
        page = first_page(request, rows, order_by=choice.order_by, size=REVIEWS_PER_PAGE)
    else:
        reviews = profile.agency.reviews
        visible = reviews.for_staff().counted() if is_own else reviews.for_public()
        highlighted = list(visible.pinned()) if on_first_page else []
        page = keyset_page(request, choice.of(visible), order_by=choice.order_by, size=REVIEWS_PER_PAGE)
    return {
        "highlighted": highlighted,
        "page": page,
        "choice": choice,
        "is_own": is_own,
        "may_act": is_own and cast(Any, request).membership.has_role(Role.MANAGER),
    }


def _public_reviews(agency: Any) -> Any:
    """Return the published reviews of an agency. This app must not import their model."""
    model: Any = Agency._meta.get_field("reviews").related_model
    return model.objects.filter(agency=agency).for_public()


@compiled
def _pinned(*, agency: Any) -> QuerySet[Any]:
    pinned: QuerySet[Any] = _public_reviews(agency).pinned()
    return pinned


@compiled
def _first_reviews(*order_by: str, agency: Any) -> QuerySet[Any]:
    reviews: QuerySet[Any] = _public_reviews(agency).filter(pin_position=None)
    return reviews.order_by(*order_by)[: REVIEWS_PER_PAGE + 1]


@compiled
def _first_cards(_column: str, *order_by: str) -> QuerySet[PartnerProfile]:
    """Return the cards of the first page. The names in them are those of the column, which is that of the active language."""
    return _cards(PartnerProfile.objects.public()).order_by(*order_by)[: CARDS_PER_PAGE + 1]


def _cards(profiles: PartnerProfileQuerySet) -> QuerySet[PartnerProfile]:
    cards: QuerySet[PartnerProfile] = (
        profiles.with_ranking_score().select_related("agency__rating_summary").annotate(service_names=_service_names(), quote=_quote())
    )
    return cards.defer("description", "lead_text", "search_text")


@lru_cache(maxsize=1)
def _count(_version: int) -> tuple[int, bool]:
    """Return the number of all agencies in a version of the directory, and whether there are more."""
    return capped_count(PartnerProfile.objects.public())


def with_names(profiles: QuerySet[PartnerProfile]) -> QuerySet[PartnerProfile]:
    """Join the rating, and annotate the work samples and the names of services and languages in the active language."""
    samples = WorkSample.objects.filter(profile=OuterRef("pk")).order_by("position")
    sample = JSONObject(**{name: name for name in ("title", "link", "alt_text", "digest")})
    through = ProfileLanguage.objects.filter(partnerprofile=OuterRef("pk"))
    column = f"spokenlanguage__{name_column()}"
    return profiles.select_related("agency__rating_summary").annotate(
        service_names=_service_names(),
        language_names=ArraySubquery(through.order_by(column).values(column)),
        language_codes=ArraySubquery(through.order_by(column).values("spokenlanguage__code")),
        work=ArraySubquery(samples.values(sample=sample)),
    )


def _service_names() -> ArraySubquery:
    return ArraySubquery(Service.objects.filter(profiles=OuterRef("pk")).order_by(name_column()).values(name_column()))


def _quote() -> Subquery:
    """Return the text of the agency's first pinned review that has one. Pinned reviews are public."""
    pinned = Agency.objects.filter(pk=OuterRef("agency"), reviews__pin_position__isnull=False, reviews__text__gt="")
    return Subquery(pinned.order_by("reviews__pin_position").values("reviews__text")[:1])


def _profile_or_404(slug: str, *, only_public: bool) -> PartnerProfile:
    """Return the profile with this current or former address, or raise Http404."""
    for profile in _with_slug(name_column(), only_public, slug=slug):
        return profile
    raise Http404


@compiled
def _with_slug(_column: str, only_public: bool, *, slug: Any) -> QuerySet[PartnerProfile]:
    """Return the profile. The names in it are those of the column, which is that of the active language."""
    profiles = PartnerProfile.objects.public() if only_public else PartnerProfile.objects.all()
    return with_names(profiles).filter(slugs__slug=slug)


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
