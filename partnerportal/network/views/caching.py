"""Caching of public pages by browsers and proxies (docs/decisions/0009 and 0024)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from partnerportal.core.code_version import code_version
from partnerportal.core.compiled import compiled
from partnerportal.core.language_addresses import fixed_language
from partnerportal.network.models import EVERY_PAGE, PartnerProfile, PublicVersion

PublicView = Callable[..., HttpResponse]

#: Seconds for which caches store a public page, and for which they may then still deliver it while
#: they fetch it again. Together they are the minute after which a change is public at the latest.
MAX_AGE, STALE_WHILE_REVALIDATE = 30, 30


@dataclass(frozen=True)
class Version:
    """Version of a public page: of the lists of services and languages, and of what else it shows."""

    lists: int
    content: int

    def etag(self) -> str:
        return f'"{self.lists}.{self.content}-{get_language()}-{code_version()}"'


def public_page(version_of: Callable[..., Version | None]) -> Callable[[PublicView], PublicView]:
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
