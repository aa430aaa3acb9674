"""Commands of the search: what can be added, and what can be done with the customer found first."""

from dataclasses import dataclass

from django.urls import Resolver404, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Membership, Role
from partnerportal.desk.search import Group


@dataclass(frozen=True)
class Command:
    """A command, which leads to a page."""

    title: str | Promise
    url: str
    icon: str


#: What isn't in the menu: label, URL name, icon and required role.
_ACTIONS: tuple[tuple[Promise, str, str, Role], ...] = (
    (gettext_lazy("Add task"), "customers:task_add_to", "clipboard-document-list", Role.STAFF),
    (gettext_lazy("Add project"), "customers:project_add_to", "briefcase", Role.STAFF),
    (gettext_lazy("Add domain"), "customers:domain_add_to", "globe-alt", Role.STAFF),
    (gettext_lazy("Add contract"), "customers:contract_add_to", "document-text", Role.STAFF),
    (gettext_lazy("Import customers"), "customers:import", "arrow-up-tray", Role.MANAGER),
    (gettext_lazy("Export customers"), "customers:export", "arrow-down-tray", Role.MANAGER),
    (gettext_lazy("Duplicates"), "customers:duplicates", "document-duplicate", Role.MANAGER),
    (gettext_lazy("Invite member"), "agencies:invite", "user-plus", Role.OWNER),
)


def commands_for(member: Membership, query: str, groups: list[Group]) -> list[Command]:
    """Return the commands for a query with these results."""
    typed = query.strip().casefold()
    actions = [Command(label, reverse(name), icon) for label, name, icon, role in _ACTIONS if typed and member.has_role(role)]
    found = [action for action in actions if f" {action.title}".casefold().find(f" {typed}") >= 0]
    return [*_for_customer(member, groups), *found]


def _for_customer(member: Membership, groups: list[Group]) -> list[Command]:
    """Return the commands for the first customer among the results."""
    key = next((pk for group in groups for hit in group.hits if (pk := _customer_key(hit.url))), None)
    customer = key and member.agency.customers.active().filter(pk=key).first()
    if not customer:
        return []
    values = {"customer": customer.name_in_text}
    return [
        Command(_("Request review from %(customer)s") % values, f"{reverse('reviews:request')}?customer={key}", "star"),
        Command(_("Add task for %(customer)s") % values, reverse("customers:task_add", args=[key]), "clipboard-document-list"),
    ]


def _customer_key(url: str) -> int | None:
    try:
        match = resolve(url)
    except Resolver404:
        return None
    return match.kwargs["pk"] if match.view_name == "customers:detail" else None
