"""What public pages and e-mails say about the operator of the network, kept in each process for some seconds.

Nearly every page and e-mail reads it, and it hardly ever changes. ETags of public pages contain its version, so
that a page with an earlier state never has the ETag of a newer one.
"""

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from partnerportal.core.language_addresses import language_url
from partnerportal.network.models import LegalPage, Operator

logger = logging.getLogger(__name__)

#: Seconds after which a change has reached every process.
MAX_AGE = 30


@dataclass(frozen=True)
class Site:
    """The operator's name and look, which legal pages are published, and whether agencies can apply."""

    name: str = ""
    tint: int | None = None
    logo_digest: str = ""
    pages: tuple[str, ...] = ()
    accepts_applications: bool = False

    @property
    def version(self) -> str:
        """A short digest of all values; empty if the operator has entered nothing."""
        return "" if self == Site() else hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:8]

    @property
    def network_name(self) -> str:
        """Name of the network in the header and title of its pages."""
        return self.name or _("Partner Network")

    @property
    def portal_name(self) -> str:
        """Name of the portal on sign-in pages and below e-mails."""
        return self.name or _("Partner Portal")

    def page_address(self, kind: str, language: str = "") -> str:
        """Return the path of a legal page or, if it isn't published here, the address in the settings; empty without one."""
        if kind in self.pages:
            return language_url("network:legal", kind, language=language)
        return {"imprint": settings.IMPRINT_URL, "privacy": settings.PRIVACY_URL}.get(kind, "")


_kept: tuple[float, Site] | None = None


def current_site() -> Site:
    """Return what is known of the operator, at most `MAX_AGE` seconds old. While the database is away, the last state is kept."""
    if _kept and time.monotonic() < _kept[0]:
        return _kept[1]
    try:
        keep_site(_read())
    except DatabaseError:
        logger.exception("The operator’s name and legal pages can’t be read; pages show the last known ones")
        keep_site(_kept[1] if _kept else Site())
    return _kept[1] if _kept else Site()


def keep_site(site: Site, *, seconds: float = MAX_AGE) -> None:
    """Let this process use a state for some seconds."""
    global _kept  # one value per process
    _kept = time.monotonic() + seconds, site


def forget_site() -> None:
    """Let this process read the state again."""
    global _kept
    _kept = None


def _read() -> Site:
    names = ("name", "tint", "logo_digest", "accepts_applications")
    operator: Mapping[str, Any] = Operator.objects.values(*names).first() or {}
    kinds = LegalPage.objects.exclude(text="").values_list("kind", flat=True).distinct().order_by("kind")
    return Site(**operator, pages=tuple(kinds))
