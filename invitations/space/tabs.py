"""The tabs of a shared space, for the client and for staff."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Value
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from invitations.credentials.queries import open_needs
from invitations.files.queries import open_approvals
from invitations.messages.queries import unread_count, unread_for_client
from invitations.space.addresses import space_address
from invitations.space.queries import Space
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import CappedCount

#: Maximum number of approvals or needs that a tab shows.
MAX_COUNT = 99


@dataclass(frozen=True)
class Tab:
    """One tab, which both sides have."""

    #: URL names of the client's page, whose only argument is the agency, and of the page for staff, with the customer's key.
    client: str
    staff: str
    label: str | Promise
    #: Number of new things: an expression for the client, because one query counts those of all tabs, and a number for a member.
    client_unread: Callable[[Space], Any] | None = None
    staff_unread: Callable[[Customer, User], int] | None = None

    @property
    def key(self) -> str:
        """The tab's name in the address of a preview."""
        return self.client.partition(":")[2]


def _approvals_to_decide(space: Space) -> CappedCount:
    return CappedCount(open_approvals(space), MAX_COUNT)


def _needs_to_answer(space: Space) -> CappedCount:
    return CappedCount(open_needs(space), MAX_COUNT)


TABS = [
    Tab("invitations:space", "invitations:shared", _("Overview")),
    Tab("invitations:space_messages", "invitations:shared_messages", _("Messages"), unread_for_client, unread_count),
    Tab("invitations:space_files", "invitations:shared_files", _("Files")),
    Tab("invitations:space_approvals", "invitations:shared_approvals", _("Approvals"), _approvals_to_decide),
    Tab("invitations:space_credentials", "invitations:shared_credentials", _("Credentials"), _needs_to_answer),
]


@dataclass(frozen=True)
class TabLink:
    """A tab as a page shows it."""

    address: str
    label: str | Promise
    unread: int
    is_current: bool


def client_tabs(space: Space, path: str) -> list[TabLink]:
    """Return the client's tabs. `path` is that of the current page, which can be below a tab."""
    links = [(tab, space_address(space, tab.client)) for tab in TABS]
    counts = [tab.client_unread(space) if tab.client_unread else Value(0) for tab in TABS]
    # A count without any possible row is NULL.
    unread = [count or 0 for count in Agency.objects.values_list(*counts).get(pk=space.agency.pk)]
    return _links([(tab.label, address) for tab, address in links], unread, path)


def staff_tabs(customer: Customer, user: User, path: str) -> list[TabLink]:
    """Return the tabs of a member of the agency."""
    unread = [tab.staff_unread(customer, user) if tab.staff_unread else 0 for tab in TABS]
    return _links([(tab.label, reverse(tab.staff, args=[customer.pk])) for tab in TABS], unread, path)


def preview_tabs(shown: str, path: str) -> list[TabLink]:
    """Return the tabs of a preview, which show a member of the agency the pages of the client. `shown` is a tab's key."""
    return [TabLink(f"{path}?tab={tab.key}", tab.label, 0, tab.key == shown) for tab in TABS]


def _links(tabs: list[tuple[str | Promise, str]], unread: list[int], path: str) -> list[TabLink]:
    # The overview's address begins the others'.
    below = [address for _label, address in tabs if path.startswith(address.partition("?")[0])]
    current = max(below, key=len, default="")
    return [TabLink(address, label, count, address == current) for (label, address), count in zip(tabs, unread, strict=True)]
