"""The administrators' start page: what needs a decision or help, and figures of the network.

Each part is a fixed number of queries with limits. The figures come from `ReviewMonth` and `RequestMonth`, so that they
don't take longer with more reviews.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import cast
from urllib.parse import urlencode

from django.db.models import Count, DateField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.agencies.queries import without_owner
from partnerportal.audit.models import AuditEvent
from partnerportal.core.templatetags.dates import duration
from partnerportal.network.models import AgencyApplication, PartnerProfile
from partnerportal.network.site import current_site
from partnerportal.outbox.queries import failed_mails
from reviews.models import RatingSummary, RequestMonth, ReviewMonth, ReviewReport

#: Maximum number of items that a list shows.
SHOWN = 10
#: Number of months in the charts, including the current one.
MONTHS = 12


@dataclass(frozen=True)
class Item:
    """An object that needs a decision or help, with its page and since when."""

    label: str
    url: str
    since: datetime
    note: str = ""

    @property
    def age(self) -> str:
        """The time since then, in its largest unit."""
        return duration(timezone.now() - self.since)


@dataclass(frozen=True)
class WorkList:
    """A list of items, and the page with all of them."""

    title: str
    #: What is shown if it has no items.
    empty: str
    items: Sequence[Item]
    url: str
    #: Whether there are more than those shown.
    has_more: bool = False


@dataclass(frozen=True)
class MonthFigures:
    """Numbers of a month."""

    first: date
    agencies: int
    requests: int
    reviews: int


@dataclass(frozen=True)
class Chart:
    """Numbers by month: each month's first day, number, and percentage of the highest number."""

    title: str
    columns: Sequence[tuple[date, int, int]]


@dataclass(frozen=True)
class NetworkMonths:
    """Numbers of the last months, oldest first, and totals of all time."""

    months: Sequence[MonthFigures]
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def newest_first(self) -> Sequence[MonthFigures]:
        """The rows of the table."""
        return self.months[::-1]

    @cached_property
    def charts(self) -> Sequence[Chart]:
        """A chart for each type of object."""
        titles = {"agencies": _("New agencies"), "requests": _("Review requests"), "reviews": _("Reviews")}
        return [self._chart(name, title) for name, title in titles.items()]

    def _chart(self, name: str, title: str) -> Chart:
        counts = [getattr(month, name) for month in self.months]
        highest = max(counts, default=0) or 1
        return Chart(title, [(month.first, n, round(100 * n / highest)) for month, n in zip(self.months, counts, strict=True)])


def work_lists(user: User) -> list[WorkList]:
    """Return the lists that the administrator has permission for."""
    lists: dict[str, Callable[[], WorkList | None]] = {
        "network.change_agencyapplication": applications,
        "network.change_partnerprofile": submitted_profiles,
        "reviews.change_reviewreport": open_reports,
        "outbox.change_outgoingmail": undelivered_mails,
        "agencies.change_agency": agencies_without_owner,
    }
    found = [work_list() for permission, work_list in lists.items() if user.has_perm(permission)]
    return [work_list for work_list in found if work_list]


def applications() -> WorkList | None:
    """Return the applications without a decision, those confirmed first at the top; None if there are none and agencies can't apply."""
    rows = AgencyApplication.objects.awaiting_decision().only("name", "city", "confirmed_at", "status")[: SHOWN + 1]
    items = [
        Item(row.name, reverse("admin:network_agencyapplication_change", args=[row.pk]), cast(datetime, row.confirmed_at), row.city)
        for row in rows
    ]
    if not items and not current_site().accepts_applications:
        return None
    return _work_list(_("Applications"), _("No applications awaiting a decision."), items, _list_url("network_agencyapplication"))


def submitted_profiles() -> WorkList:
    """Return the profiles to be registered or declined, those submitted first at the top."""
    events = AuditEvent.objects.filter(object_type="network.partnerprofile", object_id=OuterRef("pk"), action="profile.submitted")
    submitted_at = Coalesce(Subquery(events.order_by("-pk").values("created_at")[:1]), "updated_at")
    profiles = PartnerProfile.objects.filter(status=PartnerProfile.Status.SUBMITTED).select_related("agency")
    rows = profiles.annotate(submitted_at=submitted_at).order_by("submitted_at", "pk").defer("description", "search_text", "lead_text")
    page = "admin:network_partnerprofile_change"
    return _work_list(
        _("Registrations"),
        _("No submitted profiles."),
        [Item(str(profile.agency), reverse(page, args=[profile.pk]), profile.submitted_at) for profile in rows[: SHOWN + 1]],
        _list_url("network_partnerprofile", status__exact=PartnerProfile.Status.SUBMITTED),
    )


def open_reports() -> WorkList:
    """Return the reported reviews without a decision, oldest first."""
    reports = ReviewReport.objects.open().select_related("agency").order_by("created_at", "id")[: SHOWN + 1]
    return _work_list(
        _("Reported reviews"),
        _("No open reports."),
        [
            Item(
                str(report.agency),
                reverse("admin:reviews_reviewreport_change", args=[report.pk]),
                report.created_at,
                report.get_reason_display(),
            )
            for report in reports
        ],
        _list_url("reviews_reviewreport"),
    )


def undelivered_mails() -> WorkList:
    """Return the failed e-mails that aren't marked as seen, newest first."""
    mails = failed_mails().only("to_email", "created_at", "last_error")[: SHOWN + 1]
    return _work_list(
        _("Failed e-mails"),
        _("No failed e-mails."),
        [
            Item(mail.to_email, reverse("admin:outbox_outgoingmail_change", args=[mail.pk]), mail.created_at, mail.last_error[:120])
            for mail in mails
        ],
        _list_url("outbox_outgoingmail", status__exact="failed", seen_at__isempty=1),
    )


def agencies_without_owner() -> WorkList:
    """Return the agencies that no owner has joined, oldest first."""
    agencies = without_owner(Agency.objects.all()).order_by("created_at", "pk")[: SHOWN + 1]
    return _work_list(
        _("Agencies without an owner"),
        _("Every agency has an owner."),
        [Item(agency.name, reverse("admin:agencies_agency_change", args=[agency.pk]), agency.created_at) for agency in agencies],
        _list_url("agencies_agency", owner="none"),
    )


def network_months() -> NetworkMonths:
    """Return the numbers of the last months. The months of reviews are those of each agency's time zone."""
    months = _last_months()
    first = months[0]
    agencies = Agency.objects.filter(created_at__date__gte=first).values(month=TruncMonth("created_at", output_field=DateField()))
    created = dict(agencies.annotate(number=Count("pk")).values_list("month", "number"))
    requested, reviewed = (
        dict(model.objects.filter(month__gte=first).values("month").annotate(number=Sum("count")).values_list("month", "number"))
        for model in (RequestMonth, ReviewMonth)
    )
    totals = RatingSummary.objects.aggregate(requests=Sum("requested", default=0), reviews=Sum("count", default=0))
    return NetworkMonths(
        [MonthFigures(month, created.get(month, 0), requested.get(month, 0), reviewed.get(month, 0)) for month in months],
        {"agencies": Agency.objects.count(), **totals},
    )


def _work_list(title: str, empty: str, items: list[Item], url: str) -> WorkList:
    return WorkList(title, empty, items[:SHOWN], url, has_more=len(items) > SHOWN)


def _list_url(model: str, **filters: object) -> str:
    url = reverse(f"admin:{model}_changelist")
    return f"{url}?{urlencode(filters)}" if filters else url


def _last_months() -> list[date]:
    months = [timezone.localdate().replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]
