"""Numbers of rows of pinned views, which the menu shows.

They are counted with one query, up to a limit, and kept for a short time: see docs/decisions/0029.
"""

from collections.abc import Sequence
from time import perf_counter

from django.core.cache import cache

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership
from partnerportal.core.db_functions import CappedCount
from partnerportal.desk.saved_views.lists import LISTS
from partnerportal.desk.saved_views.queries import ShownView

#: Seconds for which the numbers are kept at least and at most.
MIN_AGE = 60
MAX_AGE = 60 * 60
#: How many times longer than they took to count they are kept.
AGE_FACTOR = 1000
#: Seconds up to which counting is quick enough to be repeated after each of the member's changes.
QUICK = 0.05


def count_rows(views: Sequence[ShownView], *, member: Membership, team: Sequence[User], limit: int) -> list[int]:
    """Return the numbers of rows of the member's pinned views, up to `limit`."""
    if not views:
        return []
    stored, _seconds = _kept(member)
    wanted = [(view.list_name, view.query) for view in views]
    if not all(entry in stored for entry in wanted):
        started = perf_counter()
        stored = dict(zip(wanted, _count(wanted, member, team, limit), strict=True))
        seconds = perf_counter() - started
        cache.set(_key(member), (stored, seconds), min(max(seconds * AGE_FACTOR, MIN_AGE), MAX_AGE))
    return [stored[entry] for entry in wanted]


def forget_counts(member: Membership) -> None:
    """Count again on the member's next page, if that is quick, because the member may have changed something."""
    _stored, seconds = _kept(member)
    if seconds <= QUICK:
        cache.delete(_key(member))


def _count(wanted: Sequence[tuple[str, str]], member: Membership, team: Sequence[User], limit: int) -> tuple[int, ...]:
    filters = [LISTS[name].filter(query, member=member, team=team) for name, query in wanted]
    counts = [CappedCount(form.exact_matches(), limit) for form in filters]
    row: tuple[int, ...] = Agency.objects.filter(pk=member.agency_id).values_list(*counts).get()
    return row


def _kept(member: Membership) -> tuple[dict[tuple[str, str], int], float]:
    """Return the kept numbers by list and query string, and how many seconds counting them took."""
    kept: tuple[dict[tuple[str, str], int], float] = cache.get(_key(member)) or ({}, 0)
    return kept


def _key(member: Membership) -> str:
    return f"view-counts:{member.pk}"
