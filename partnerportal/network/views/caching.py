"""Caching of public pages by browsers and proxies (docs/decisions/0009 and 0024)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Protocol, cast

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import http_date
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from partnerportal.core.code_version import code_version
from partnerportal.core.compiled import compiled
from partnerportal.core.language_addresses import fixed_language
from partnerportal.network.models import EVERY_PAGE, PartnerProfile, PublicVersion
from partnerportal.network.site import current_site

PublicView = Callable[..., HttpResponse]

#: Seconds for which caches store a public page, and for which they may then still deliver it while
#: they fetch it again. Together they are the minute after which a change is public at the latest.
MAX_AGE, STALE_WHILE_REVALIDATE = 30, 30
#: Seconds for which caches store a badge, which other sites show on each of their pages.
BADGE_MAX_AGE = 600


class Versioned(Protocol):
    """What tells the version of a public page."""

    def etag(self) -> str: ...


def etag_of(*numbers: int) -> str:
    """Return the ETag of a page in the active language that shows nothing but what these numbers are versions of."""
    return f'"{".".join(map(str, numbers))}-{get_language()}-{code_version()}{current_site().version}"'


@dataclass(frozen=True)
class Version:
    """Version of a public page: of the lists of services and languages, and of what else it shows."""

    lists: int
    content: int

    def etag(self) -> str:
        return etag_of(self.lists, self.content)

    @property
    def changed_at(self) -> datetime:
        """Time of the last change of what the page shows, in full seconds."""
        return datetime.fromtimestamp(max(self.lists, self.content) // 1_000_000, UTC)


def public_page(version_of: Callable[..., Versioned | None]) -> Callable[[PublicView], PublicView]:
    """Let caches store a page for anonymous visitors. Visitors with a session or a message always get a new one.

    `version_of` receives the view's arguments and returns the page's version, or None if there is no
    page. The view receives it as `request.public_version`. It is read before the content, so that an
    ETag is never newer than its page.
    """

    def decorate(view: PublicView) -> PublicView:
        @require_safe
        @wraps(view)
        def cached(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            version = cast(Any, request).public_version = version_of(*args, **kwargs)
            if settings.SESSION_COOKIE_NAME in request.COOKIES or "messages" in request.COOKIES:
                response = view(request, *args, **kwargs)
                is_shared = False
            else:
                etag = version.etag() if version else ""
                response = get_conditional_response(request, etag=etag) or view(request, *args, **kwargs)
                # A page with a form would set the cookie of its token.
                is_shared = not response.cookies and "CSRF_COOKIE_NEEDS_UPDATE" not in request.META
                if is_shared and etag:
                    response["ETag"] = etag
            if is_shared:
                patch_cache_control(response, public=True, max_age=MAX_AGE, stale_while_revalidate=STALE_WHILE_REVALIDATE)
            else:
                patch_cache_control(response, private=True, no_cache=True)
            patch_vary_headers(response, ["Cookie"] if fixed_language(request) else ["Cookie", "Accept-Language"])
            return response

        return cached

    return decorate


def public_file(version_of: Callable[..., Version | None], *, max_age: int = MAX_AGE) -> Callable[[PublicView], PublicView]:
    """Let caches store a file that is the same for all, whether or not they are signed in.

    `version_of` and `request.public_version` are those of `public_page`. The file also has a date, for clients without ETags.
    """

    def decorate(view: PublicView) -> PublicView:
        @require_safe
        @wraps(view)
        def cached(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            version = cast(Any, request).public_version = version_of(*args, **kwargs)
            etag, changed_at = (version.etag(), version.changed_at) if version else ("", None)
            modified = int(changed_at.timestamp()) if changed_at else None
            response = get_conditional_response(request, etag=etag, last_modified=modified) or view(request, *args, **kwargs)
            if changed_at:
                response["ETag"], response["Last-Modified"] = etag, http_date(changed_at.timestamp())
            patch_cache_control(response, public=True, max_age=max_age, stale_while_revalidate=STALE_WHILE_REVALIDATE)
            if fixed_language(request):
                # Middleware has read it, but the file doesn't depend on it, so it doesn't vary on cookies.
                request.session.accessed = False
            else:
                patch_vary_headers(response, ["Cookie", "Accept-Language"])
            return response

        return cached

    return decorate


def directory_version() -> Version:
    """Return the version of the directory, which shows all agencies."""
    return next((Version(lists, content) for lists, content in _sums()), Version(0, 0))


def profile_version(slug: str, **related: Any) -> Version | None:
    """Return the version of the registered profile with this current address and the `related` values."""
    return next((Version(lists, content) for lists, content in _numbers(slug=slug, **related)), None)


@compiled
def _sums() -> QuerySet[PublicVersion, Any]:
    # Unlike a maximum, the sum also grows if a transaction commits later than one that began after it.
    rows = PublicVersion.objects.order_by().annotate(all=Value(1)).values("all")
    lists = Coalesce(Sum("number", filter=Q(agency_id=EVERY_PAGE)), 0)
    return rows.annotate(lists=lists, content=Sum("number")).values_list("lists", "content")


@compiled
def _numbers(*, slug: Any, **related: Any) -> QuerySet[PartnerProfile, Any]:
    def number(agency: Any) -> Coalesce:
        return Coalesce(Subquery(PublicVersion.objects.filter(agency_id=agency).values("number")), 0)

    return PartnerProfile.objects.public().filter(slug=slug, **related).values_list(number(EVERY_PAGE), number(OuterRef("agency_id")))
