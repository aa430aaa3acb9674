"""Texts of badges in the active language."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerportal.core.templatetags.portal import rating
from partnerportal.network.models import PartnerProfile
from partnerportal.network.site import current_site
from reviews.badges.design import Badge

#: Number of reviews below which a badge shows “New” instead of the rating.
MIN_REVIEWS = 3
#: Themes and sizes in addresses. The first of each is the default.
THEME_NAMES, SIZES = ("light", "dark"), ("card", "compact")


def badge_of(profile: PartnerProfile, *, theme: str, size: str) -> Badge:
    """Return what the badge of a profile says. All counted reviews count, hidden ones included."""
    summary, name, site = profile.rating, profile.agency.name, current_site().network_name
    count = summary.count if summary else 0
    values = {"shown": number_format(count, force_grouping=True)}
    verified = ngettext("%(shown)s verified review", "%(shown)s verified reviews", count) % values
    short = ngettext("%(shown)s review", "%(shown)s reviews", count) % values
    is_new = count < MIN_REVIEWS
    number = _("New") if is_new else rating(summary.average)
    stars = number if is_new else _("%(rating)s of 5 stars") % {"rating": number}
    return Badge(
        name=name,
        site=site,
        title=f"{name}: {stars}, {verified} · {site}",
        number=number,
        count=verified,
        short_count=short,
        rating=None if is_new else summary.average_rounded,
        lead=_("No rating yet"),
        theme=theme,
        is_compact=size == "compact",
    )
