"""Time zones to choose from."""

import zoneinfo
from functools import lru_cache
from importlib import resources
from typing import Any

from babel.dates import get_timezone_location
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from partnerportal.core.countries import babel_locale, without_accents

#: The continents and oceans of the IANA database. Zones outside of them are former names of the same zones.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic Ocean"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


def zone_choices(now: str = "", *, none: str | Promise) -> list[Any]:
    """Return the choices of a select: `none` for no zone of one's own, then each region's zones by city, in the active language.

    A former name of a zone is a choice only while it is the stored one, `now`.
    """
    zones = _zones(get_language() or "en")
    known = now in {"", "UTC", *(name for _region, names in zones for name, _label in names)}
    return [("", none), *([] if known else [(now, now)]), *zones, ("UTC", "UTC")]


@lru_cache(maxsize=8)
def _zones(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The zones of `zone.tab`, which names each place once; `available_timezones()` also has more than a hundred former names."""
    locale = babel_locale(language)
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    listed = {line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")}
    # CLDR has no name of its own for a few cities in provinces: “Argentina/Buenos Aires”.
    cities = [
        (name, get_timezone_location(name, locale, return_city=True).replace("/", ", ")) for name in listed & zoneinfo.available_timezones()
    ]
    cities.sort(key=lambda city: without_accents(city[1]))
    here = settings.TIME_ZONE.partition("/")[0]
    return [
        (str(label), [city for city in cities if city[0].startswith(f"{region}/")])
        for region, label in sorted(REGIONS.items(), key=lambda item: (item[0] != here, without_accents(str(item[1]))))
    ]
