"""Figures of the dashboard: first reply, rating, contracts and profile."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import format_currency
from django.db.models import Exists, F, IntegerField, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _

from customers.models import Customer
from customers.queries.contracts import Ending, contract_outlook
from partnerportal.agencies.models import Agency, TeamInvitation
from partnerportal.core.addresses import address
from partnerportal.core.compiled import compiled
from partnerportal.core.templatetags.dates import duration
from partnerportal.network.models import OfferedService, PartnerProfile, ProfileLanguage
from partnerportal.network.queries import checklist_with
from requests_inbox.queries import RESPONSE_TIME_DAYS, TYPICAL_MIN_REPLIES, typical_first_reply
from reviews.models import Review, ReviewRequest, rounded

#: Number of newest reviews whose replies are counted.
ANSWERED_AMONG = 200


@dataclass(frozen=True)
class Figure:
    """A figure with a note, linked to its page."""

    label: str
    value: str
    note: str
    url: str
    #: Whether it was measured in the agency's work.
    is_known: bool = True
    #: Contracts that end soon.
    endings: Sequence[Ending] = ()


class RepliedCount(Subquery):
    """Number of rows whose `reply` isn't NULL."""

    template = "(SELECT COUNT(reply) FROM (%(subquery)s) AS newest)"
    output_field = IntegerField()


def load_agency(agency: Agency) -> Any:
    """Return the agency with its profile and summary, and with what figures and setup steps need, with one query."""
    (loaded,) = agency_details(agency=agency.pk, now=timezone.now())
    return loaded


@compiled
def agency_details(*, agency: Any, now: Any) -> QuerySet[Agency]:
    """Return the agency for `load_agency`."""
    own = OuterRef("pk")
    agencies = Agency.objects.filter(pk=agency).select_related("profile", "rating_summary")
    return agencies.annotate(
        has_services=Exists(OfferedService.objects.filter(profile__agency=own)),
        has_languages=Exists(ProfileLanguage.objects.filter(partnerprofile__agency=own)),
        has_customers=Exists(Customer.objects.filter(agency=own)),
        has_review_requests=Exists(ReviewRequest.objects.filter(agency=own)),
        has_team_invitations=Exists(TeamInvitation.objects.pending(now).filter(agency=own)),
        # By date, because PostgreSQL would look for a small agency's reviews among all by their keys.
        replied=RepliedCount(
            Review.objects.counted().filter(agency=own).order_by("-created_at").values(reply=F("comment__pk"))[:ANSWERED_AMONG]
        ),
    )


def profile_progress(agency: Any) -> tuple[PartnerProfile | None, int, int]:
    """Return the profile of a loaded agency, the number of completed items of its checklist, and that of all items."""
    profile = getattr(agency, "profile", None)
    items = checklist_with(profile or PartnerProfile(), has_services=agency.has_services, has_languages=agency.has_languages)
    return profile, sum(item.done for item in items), len(items)


def figures_for(agency: Any) -> list[Figure]:
    """Return the figures of a loaded agency."""
    return [_first_reply(agency), _rating(agency), _contracts(agency), _profile(agency)]


def _first_reply(agency: Agency) -> Figure:
    median = typical_first_reply(agency)
    known = _("median of the last %(days)d days") % {"days": RESPONSE_TIME_DAYS}
    unknown = _("known after %(count)d replies") % {"count": TYPICAL_MIN_REPLIES}
    return Figure(
        _("Typical first reply"), duration(median) or "–", known if median else unknown, address("requests_inbox:list"), median is not None
    )


def _rating(agency: Any) -> Figure:
    summary, url = getattr(agency, "rating_summary", None), address("reviews:list")
    if not summary:
        return Figure(pgettext("figure", "Rating"), "–", _("no reviews yet"), url, is_known=False)
    percent = round(100 * agency.replied / min(summary.count, ANSWERED_AMONG))
    count = ngettext("%(count)s review", "%(count)s reviews", summary.count) % {"count": number_format(summary.count, force_grouping=True)}
    replied = _("%(percent)d%% replied to") % {"percent": percent}
    return Figure(pgettext("figure", "Rating"), f"{number_format(rounded(summary.average), 1)} ★", f"{count} · {replied}", url)


def _contracts(agency: Agency) -> Figure:
    outlook, url = contract_outlook(agency), address("customers:contract_list")
    endings = outlook.endings if outlook.has_endings else []
    if not outlook.values:
        return Figure(_("Contracts per year"), "–", _("no recurring contracts"), url, is_known=False, endings=endings)
    largest, *others = (_whole(value.amount, value.currency) for value in outlook.values)
    ending = " + ".join(_whole(value.amount, value.currency) for value in outlook.endings[0].values)
    notes = [
        _("plus %(amounts)s") % {"amounts": ", ".join(others)} if others else "",
        _("%(amount)s ends within 30 days") % {"amount": ending} if ending else _("none ends within 30 days"),
    ]
    return Figure(_("Contracts per year"), largest, " · ".join(filter(None, notes)), url, endings=endings)


def _profile(agency: Any) -> Figure:
    profile, done, total = profile_progress(agency)
    statuses = {
        PartnerProfile.Status.REGISTERED: _("public"),
        PartnerProfile.Status.SUBMITTED: _("submitted, not public yet"),
        PartnerProfile.Status.DECLINED: _("declined, not public"),
    }
    note = statuses.get(profile.status if profile else "", _("draft, not public yet"))  # type: ignore[call-overload]
    value = _("%(done)d of %(total)d") % {"done": done, "total": total}
    return Figure(_("Profile"), value, note, address("network:company"), is_known=False)


def _whole(amount: Decimal, currency: str) -> str:
    """Format an amount without decimals: €5,496 or 5.496 €."""
    locale = to_locale(get_language() or "en")
    pattern = Locale.parse(locale).currency_formats["standard"].pattern.replace(".00", "")
    text: str = format_currency(amount, currency, format=pattern, locale=locale, currency_digits=False)
    # Babel omits the space between a currency code and the amount.
    return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", text)
