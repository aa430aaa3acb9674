"""Choices of time zones, grouped by region and named by city."""

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

#: Continents and oceans of the IANA database. Zones outside of them are former names.
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


def zone_choices(current: str = "", *, none: str | Promise) -> list[Any]:
    """Return the choices in the active language, starting with `none` for the default zone.

    The stored zone `current` is also a choice if it is a former name.
    """
    zones = _zones(get_language() or "en")
    is_listed = current in {"", "UTC", *(name for _region, names in zones for name, _label in names)}
    return [("", none), *([] if is_listed else [(current, current)]), *zones, ("UTC", "UTC")]


@lru_cache(maxsize=8)
def _zones(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the zones of `zone.tab`, because `available_timezones()` also contains former names."""
    locale = babel_locale(language)
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    listed = {line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")}
    # For a few cities in provinces, CLDR has no name but “Argentina/Buenos Aires”.
    cities = [
        (name, get_timezone_location(name, locale, return_city=True).replace("/", ", ")) for name in listed & zoneinfo.available_timezones()
    ]
    cities.sort(key=lambda city: without_accents(city[1]))
    own_region = settings.TIME_ZONE.partition("/")[0]
    return [
        (str(label), [city for city in cities if city[0].startswith(f"{region}/")])
        for region, label in sorted(REGIONS.items(), key=lambda item: (item[0] != own_region, without_accents(str(item[1]))))
    ]
