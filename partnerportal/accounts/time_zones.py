"""Time zones to choose from."""

import zoneinfo
from functools import cache
from importlib import resources
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

#: The continents and oceans of the IANA database; what stands outside of them are old names of the same zones.
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zone_choices(now: str = "") -> list[Any]:
    """For a select: none of one's own first, the former choice where it is an old name, then each region's zones."""
    zones = _zones()
    known = now in {"", "UTC", *(name for _region, names in zones for name, _label in names)}
    return [("", _("Agency time zone")), *([] if known else [(now, now)]), *zones, ("UTC", "UTC")]


@cache
def _zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Those of `zone.tab`, which names each place once; `available_timezones()` has a hundred and more old names besides."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    listed = {line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")}
    names = sorted(listed & zoneinfo.available_timezones())
    here = settings.TIME_ZONE.partition("/")[0]
    return [
        (region, [(name, name.partition("/")[2].replace("_", " ").replace("/", ", ")) for name in names if name.startswith(f"{region}/")])
        for region in sorted(REGIONS, key=lambda region: region != here)
    ]
