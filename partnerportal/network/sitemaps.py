"""sitemap.xml: an index, and below it files of at most `LIMIT` addresses."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from partnerportal.network.models import PartnerProfile

#: Addresses in a file; the protocol allows 50,000 (https://www.sitemaps.org/protocol.html).
LIMIT = 10_000


class _OurSitemap(Sitemap):  # type: ignore[type-arg]  # takes no parameters at run time
    """Under the address that the settings name, whatever host was asked."""

    limit = LIMIT

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme


class DirectorySitemap(_OurSitemap):
    """The directory itself."""

    def items(self) -> list[str]:
        return ["network:directory"]

    def location(self, item: str) -> str:
        return reverse(item)


class ProfileSitemap(_OurSitemap):
    """Every registered profile."""

    def items(self) -> QuerySet[PartnerProfile]:
        return PartnerProfile.objects.public().only("slug", "updated_at").order_by("pk")

    def lastmod(self, item: PartnerProfile) -> datetime:
        return item.updated_at


SITEMAPS = {"directory": DirectorySitemap, "profiles": ProfileSitemap}
