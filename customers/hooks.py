"""Registrations: erasure of imports and merges, searches for duplicates, and reassignment of a departing member's work."""

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers import events  # noqa: F401  # registers the descriptions of audit events
from customers.address_data import SECTIONS
from customers.bulk import events as bulk_events  # noqa: F401  # the same
from customers.deadlines import events as deadline_events  # noqa: F401  # the same
from customers.deadlines.mails import CUSTOMER_KIND
from customers.deadlines.services import erase_deadlines
from customers.exports.services import erase_agency_exports
from customers.imports.services import after_import, purge_agency_imports
from customers.merging.contacts import CONTACTS
from customers.merging.pairs import start_search
from customers.merging.relations import RELATIONS
from customers.merging.services import erase_merges
from customers.models import Customer, Task
from customers.models.customers import CustomerQuerySet
from customers.services.assignments import add_to_digest, notify_of_many
from customers.services.customers import copy_erasure_hooks, erasure_hooks
from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import ReassignableWork, reassignable_work
from partnerportal.outbox.kinds import register_type


def _tasks(member: Membership) -> QuerySet[Task]:
    return Task.objects.filter(agency=member.agency_id, assignee=member.user_id, done_at__isnull=True)


def _customers(member: Membership) -> CustomerQuerySet:
    return Customer.objects.filter(agency=member.agency_id, responsible=member.user_id)


def _reassign_tasks(member: Membership, to: User | None, by: User) -> None:
    tasks = list(_tasks(member).only("pk"))
    _tasks(member).update(assignee=to)
    assignee = to.pk if to else None
    add_to_digest(tasks, agency=member.agency, assignee=assignee, by=by)
    notify_of_many(len(tasks), agency=member.agency, assignee=assignee, by=by)


def _reassign_customers(member: Membership, to: User | None, by: User) -> None:
    # The new version makes open forms of the customer report a conflict.
    _customers(member).update(responsible=to, version=F("version") + 1)


TASKS = ReassignableWork(
    count=lambda member: _tasks(member).count(),
    label=ngettext_lazy("%(count)d open task", "%(count)d open tasks", "count"),
    reassign=_reassign_tasks,
)
CUSTOMERS = ReassignableWork(
    count=lambda member: _customers(member).not_erased().count(),
    label=ngettext_lazy("%(count)d assigned customer", "%(count)d assigned customers", "count"),
    reassign=_reassign_customers,
)

erasure_hooks.append(erase_deadlines)
copy_erasure_hooks.extend([purge_agency_imports, erase_agency_exports, erase_merges])
ADDRESS_DATA.extend(SECTIONS)
RELATIONS.append(CONTACTS)
after_import.append(start_search)
reassignable_work.extend([TASKS, CUSTOMERS])
register_type("deadlines", _("Deadlines"), CUSTOMER_KIND)
