"""What a member of the team has in hand, and who gets it when they go (see `agencies.team.holdings`)."""

from django.db.models import F, QuerySet
from django.utils.translation import ngettext_lazy

from customers.models import Customer, Task
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.agencies.team import ReassignableWork


def _tasks(member: Membership) -> QuerySet[Task]:
    return Task.objects.filter(agency=member.agency_id, assignee=member.user_id, done_at__isnull=True)


def _customers(member: Membership) -> QuerySet[Customer]:
    return Customer.objects.filter(agency=member.agency_id, responsible=member.user_id)


def _reassign_tasks(member: Membership, to: User | None) -> None:
    _tasks(member).update(assignee=to)


def _reassign_customers(member: Membership, to: User | None) -> None:
    # Whoever has the customer's form open is told that it changed.
    _customers(member).update(responsible=to, version=F("version") + 1)


TASKS = ReassignableWork(
    count=lambda member: _tasks(member).count(),
    label=ngettext_lazy("%(count)d open task", "%(count)d open tasks", "count"),
    hand_on=_reassign_tasks,
)
CUSTOMERS = ReassignableWork(
    count=lambda member: _customers(member).count(),
    label=ngettext_lazy("%(count)d assigned customer", "%(count)d assigned customers", "count"),
    hand_on=_reassign_customers,
)
