"""Time zones to choose from."""

import zoneinfo
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _

#: The continents and oceans of the IANA database; what stands outside of them are old names of the same zones.
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zone_choices() -> list[Any]:
    """For a select: none of one's own first, then each region's zones."""
    return [("", _("My agency’s")), *_zones(), ("UTC", "UTC")]


@cache
def _zones() -> list[tuple[str, list[tuple[str, str]]]]:
    names = sorted(zoneinfo.available_timezones())
    return [
        (region, [(name, name.partition("/")[2].replace("_", " ").replace("/", ", ")) for name in names if name.startswith(f"{region}/")])
        for region in REGIONS
    ]
