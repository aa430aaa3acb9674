"""The lists that have saved views."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.forms.filters import CustomerFilter, TaskFilter
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.core.addresses import address
from partnerportal.core.filters import ListFilter
from partnerportal.desk.saved_views.models import ListName
from requests_inbox.forms.requests import InboxFilter


@dataclass(frozen=True)
class ViewedList:
    """A list with its filter, which also has `exact_matches()`."""

    name: ListName
    url_name: str
    filters: type[Any]
    #: Label of the list without filters.
    unfiltered: str | Promise
    #: Text for a number of rows.
    count: Any

    @property
    def url(self) -> str:
        return address(self.url_name)

    def filter(self, query: str, *, member: Membership, team: Sequence[User]) -> Any:
        """Return the list's filter for a member, filled from a query string."""
        return self.filters(QueryDict(query), agency=member.agency, user=member.user, team=team)


_CUSTOMERS = ViewedList(
    ListName.CUSTOMERS,
    "customers:list",
    CustomerFilter,
    unfiltered=_("All customers"),
    count=ngettext_lazy("%(count)d customer", "%(count)d customers", "count"),
)
_REQUESTS = ViewedList(
    ListName.REQUESTS,
    "requests_inbox:list",
    InboxFilter,
    unfiltered=_("Inbox"),
    count=ngettext_lazy("%(count)d request", "%(count)d requests", "count"),
)
_TASKS = ViewedList(
    ListName.TASKS,
    "customers:task_list",
    TaskFilter,
    unfiltered=_("All tasks"),
    count=ngettext_lazy("%(count)d task", "%(count)d tasks", "count"),
)
LISTS = {viewed.name.value: viewed for viewed in (_CUSTOMERS, _REQUESTS, _TASKS)}


def view_url(view: Any) -> str:
    """Return the address of the list with a view's filters."""
    return f"{LISTS[view.list_name].url}?{view.query}{'&' if view.query else ''}view={view.pk}"


def list_at(path: str) -> ViewedList | None:
    """Return the list at a path."""
    return next((viewed for viewed in LISTS.values() if viewed.url == path), None)


def normalized(list_name: str, query: str, *, member: Membership, team: Sequence[User]) -> str:
    """Return the query string without what the list ignores."""
    text: str = LISTS[list_name].filter(query, member=member, team=team).normalized_query
    return text


def missing_parts(filters: ListFilter, query: str) -> list[str]:
    """Return the names of the parameters in a stored query string that the list no longer accepts."""
    return [name for name in QueryDict(query) if name not in filters.fields or name in filters.errors]
