"""Sitemap index and its files, each with the addresses of at most `LIMIT` pages."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Greatest
from django.urls import reverse

from partnerportal.core.language_addresses import alternates
from partnerportal.network.models import PartnerProfile

#: Maximum number of pages in a file. Each page has one address for each language and one without language.
#: The protocol allows 50,000 addresses (https://www.sitemaps.org/protocol.html).
LIMIT = 2_000


class LanguageSitemap(Sitemap):  # type: ignore[type-arg]  # takes no parameters at run time
    """Base of sitemaps with an entry for each language, at `SITE_URL` regardless of the requested host."""

    limit = LIMIT
    #: URL name of the pages, created by `language_paths`.
    route = ""

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def args(self, item: Any) -> list[Any]:
        """Return the route's arguments for a page."""
        return []

    def location(self, item: Any) -> str:
        return reverse(self.route, args=self.args(item))

    def get_urls(self, page: int | str = 1, site: Any = None, protocol: str | None = None) -> list[dict[str, Any]]:
        """Return one entry for each address of each page, with all of the page's addresses as alternates.

        Django's `i18n` option would load every profile for every file.
        """
        return [entry for plain in super().get_urls(page, site, protocol) for entry in self._in_each_language(plain)]

    def _in_each_language(self, plain: dict[str, Any]) -> list[dict[str, Any]]:
        addresses = {code: f"{settings.SITE_URL}{path}" for code, path in alternates(self.route, *self.args(plain["item"])).items()}
        named = [{"lang_code": code, "location": address} for code, address in addresses.items()]
        return [{**plain, "location": address, "alternates": named} for address in addresses.values()]


class DirectorySitemap(LanguageSitemap):
    """The directory."""

    route = "network:directory"

    def items(self) -> list[str]:
        return [self.route]


class ProfileSitemap(LanguageSitemap):
    """All registered profiles."""

    route = "network:profile"

    def items(self) -> QuerySet[PartnerProfile]:
        changed = F("agency__rating_summary__changed_at")
        # PostgreSQL's GREATEST ignores NULL, which agencies without reviews have.
        profiles: QuerySet[PartnerProfile] = PartnerProfile.objects.public().annotate(changed_at=Greatest("updated_at", changed))
        return profiles.only("slug").order_by("pk")

    def args(self, item: PartnerProfile) -> list[str]:
        return [item.slug]

    def lastmod(self, item: PartnerProfile) -> datetime:
        return item.changed_at  # type: ignore[attr-defined,no-any-return]  # annotated by items()

    def get_latest_lastmod(self) -> datetime | None:
        """Return the latest date. Django's implementation would load every profile."""
        latest: datetime | None = self.items().order_by().aggregate(latest=Max("changed_at"))["latest"]
        return latest


#: Later apps add theirs.
SITEMAPS: dict[str, type[LanguageSitemap]] = {"directory": DirectorySitemap, "profiles": ProfileSitemap}
