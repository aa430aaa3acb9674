"""The bulk actions: which customers they leave out, what they change, and how that is undone.

Actions receive customers that the current transaction has locked, in the order of their numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.bulk.models import LeftOut
from customers.models import Customer, CustomerTag, Tag, Task
from customers.models.customers import CustomerStatus
from customers.services.assignments import add_to_digest, notify_of_many
from customers.services.tags import change_customer_tags
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record_all

#: Input of an action's form, as JSON.
Values = dict[str, Any]
#: Statuses of customers that can be changed.
_KNOWN = (CustomerStatus.ACTIVE, CustomerStatus.ARCHIVED)


class BulkAction:
    """An action on many customers."""

    key: ClassVar[str]
    label: ClassVar[Any]
    #: Text of the button and of the result, both with the number of customers in %(count)d.
    button: ClassVar[Any]
    done: ClassVar[Any]
    role: ClassVar[Role] = Role.STAFF
    #: URL name of the page that does it instead, for the customers in its query string.
    page: ClassVar[str] = ""
    #: Values that can name a customer and are removed at the end.
    private: ClassVar[tuple[str, ...]] = ()

    def is_possible(self, agency: Agency, values: Values) -> bool:
        """Return whether the values are still valid."""
        return True

    def left_out(self, values: Values) -> Mapping[LeftOut, Any]:
        """Return the conditions of customers that are left out. Those that are neither active nor archived always are."""
        return {}

    def reason(self, values: Values) -> Case:
        """Return an expression for why a customer is left out; empty if it isn't."""
        gone = {LeftOut.ERASED: Q(status=CustomerStatus.ERASED), LeftOut.MERGED: ~Q(status__in=_KNOWN)}
        reasons = {**gone, **self.left_out(values)}
        return Case(*(When(condition, then=Value(reason.value)) for reason, condition in reasons.items()), default=Value(""))

    def apply(self, customers: list[Customer], *, values: Values, by: User) -> dict[int, Any]:
        """Change the customers. Return for each that was changed its previous value, or the key of what was added."""
        raise NotImplementedError

    def finished(self, agency: Agency, changed: int, *, values: Values, by: User) -> None:
        """Notify others after the last customer; `changed` is the number of changed ones."""

    def undo(self, customers: list[Customer], before: dict[int, Any], *, values: Values, by: User | None) -> dict[int, LeftOut]:
        """Undo the change for customers that have stayed as the action left them. Return why the others weren't changed.

        `before` contains what `apply` returned, by the customer's primary key.
        """
        raise NotImplementedError


class _ChangeStatus(BulkAction):
    """Archives or restores customers."""

    status: ClassVar[CustomerStatus]
    previous: ClassVar[CustomerStatus]
    events: ClassVar[tuple[str, str]]

    def left_out(self, values: Values) -> Mapping[LeftOut, Any]:
        return {LeftOut.ALREADY: Q(status=self.status)}

    def apply(self, customers: list[Customer], *, values: Values, by: User) -> dict[int, Any]:
        _update(customers, status=self.status)
        record_all(self.events[0], customers, by=by)
        return dict.fromkeys((customer.pk for customer in customers), None)

    def undo(self, customers: list[Customer], before: dict[int, Any], *, values: Values, by: User | None) -> dict[int, LeftOut]:
        same = [customer for customer in customers if customer.status == self.status]
        _update(same, status=self.previous)
        record_all(self.events[1], same, by=by)
        return _changed_since(customers, same)


class Archive(_ChangeStatus):
    key, label = "archive", _("Archive")
    button = ngettext_lazy("Archive %(count)d customer", "Archive %(count)d customers", "count")
    done = ngettext_lazy("%(count)d customer archived", "%(count)d customers archived", "count")
    status, previous = CustomerStatus.ARCHIVED, CustomerStatus.ACTIVE
    events = ("customer.archived", "customer.restored")


class Restore(_ChangeStatus):
    key, label = "restore", _("Restore")
    button = ngettext_lazy("Restore %(count)d customer", "Restore %(count)d customers", "count")
    done = ngettext_lazy("%(count)d customer restored", "%(count)d customers restored", "count")
    status, previous = CustomerStatus.ACTIVE, CustomerStatus.ARCHIVED
    events = ("customer.restored", "customer.archived")


class SetManager(BulkAction):
    key, label = "manager", _("Set account manager")
    button = ngettext_lazy("Assign %(count)d customer", "Assign %(count)d customers", "count")
    done = ngettext_lazy("%(count)d customer assigned", "%(count)d customers assigned", "count")

    def is_possible(self, agency: Agency, values: Values) -> bool:
        return values["responsible"] is None or agency.members.filter(pk=values["responsible"]).exists()

    def left_out(self, values: Values) -> Mapping[LeftOut, Any]:
        manager = values["responsible"]
        return {LeftOut.ALREADY: Q(responsible__isnull=True) if manager is None else Q(responsible=manager)}

    def apply(self, customers: list[Customer], *, values: Values, by: User) -> dict[int, Any]:
        before = {customer.pk: customer.responsible_id for customer in customers}
        _assign(customers, User.objects.filter(pk=values["responsible"]).first(), by=by)
        return before

    def undo(self, customers: list[Customer], before: dict[int, Any], *, values: Values, by: User | None) -> dict[int, LeftOut]:
        same = [customer for customer in customers if customer.responsible_id == values["responsible"] and _is_known(customer)]
        members = {None: None, **(same[0].agency.members.in_bulk() if same else {})}
        by_manager = defaultdict(list)
        for customer in same:
            by_manager[before[customer.pk]].append(customer)
        for manager, assigned in by_manager.items():
            if manager in members:
                _assign(assigned, members[manager], by=by)
        gone = {customer.pk: LeftOut.GONE for customer in same if before[customer.pk] not in members}
        return _changed_since(customers, same) | gone


class AddTask(BulkAction):
    key, label = "task", _("Add task")
    button = ngettext_lazy("Add %(count)d task", "Add %(count)d tasks", "count")
    done = ngettext_lazy("Task added to %(count)d customer", "Task added to %(count)d customers", "count")
    private = ("title",)

    def is_possible(self, agency: Agency, values: Values) -> bool:
        return values["assignee"] is None or agency.members.filter(pk=values["assignee"]).exists()

    def left_out(self, values: Values) -> Mapping[LeftOut, Any]:
        return {LeftOut.ARCHIVED: Q(status=CustomerStatus.ARCHIVED)}

    def apply(self, customers: list[Customer], *, values: Values, by: User) -> dict[int, Any]:
        fields = {"title": values["title"], "due_on": values["due_on"], "assignee_id": values["assignee"], "priority": values["priority"]}
        tasks = Task.objects.bulk_create(Task(agency_id=customer.agency_id, customer=customer, **fields) for customer in customers)
        record_all("task.added", tasks, by=by)
        add_to_digest(tasks, agency=customers[0].agency, assignee=values["assignee"], by=by)
        return {task.customer_id: task.pk for task in tasks}

    def finished(self, agency: Agency, changed: int, *, values: Values, by: User) -> None:
        notify_of_many(changed, agency=agency, assignee=values["assignee"], by=by)

    def undo(self, customers: list[Customer], before: dict[int, Any], *, values: Values, by: User | None) -> dict[int, LeftOut]:
        known = {customer.pk: customer for customer in customers}
        found = Task.objects.filter(pk__in=before.values(), customer__in=known, done_at=None, assignee=values["assignee"])
        tasks = {task.pk: task for task in found.order_by("pk").select_for_update()}
        # Every change of a task is recorded.
        events = AuditEvent.objects.filter(object_type=Task._meta.label_lower, object_id__in=tasks).exclude(action="task.added")
        for key in events.values_list("object_id", flat=True):
            tasks.pop(key, None)
        for task in tasks.values():
            task.customer = known[task.customer_id]
        Task.objects.filter(pk__in=tasks).delete()
        record_all("task.removed", tasks.values(), by=by)
        return _changed_since(customers, [task.customer for task in tasks.values()])


class _ChangeTag(BulkAction):
    """Adds a tag to customers or removes it from them."""

    adds: ClassVar[bool]

    def is_possible(self, agency: Agency, values: Values) -> bool:
        return agency.tags.filter(pk=values["tag"]).exists()

    def left_out(self, values: Values) -> Mapping[LeftOut, Any]:
        has_tag = Exists(CustomerTag.objects.filter(customer=OuterRef("pk"), tag=values["tag"]))
        return {LeftOut.ALREADY: has_tag if self.adds else ~has_tag}

    def apply(self, customers: list[Customer], *, values: Values, by: User) -> dict[int, Any]:
        return dict.fromkeys(self._change(customers, values, adds=self.adds, by=by))

    def undo(self, customers: list[Customer], before: dict[int, Any], *, values: Values, by: User | None) -> dict[int, LeftOut]:
        changed = self._change(customers, values, adds=not self.adds, by=by)
        return _changed_since(customers, [customer for customer in customers if customer.pk in changed])

    @staticmethod
    def _change(customers: list[Customer], values: Values, *, adds: bool, by: User | None) -> set[int]:
        """Return the keys of the customers whose tags changed: none if the tag has been deleted."""
        agency = customers[0].agency
        tags = Tag.objects.filter(agency=agency, pk=values["tag"])
        keys = [customer.pk for customer in customers]
        return set(change_customer_tags(agency, keys, add=tags if adds else (), remove=() if adds else tags, by=cast(User, by)))


class AddTag(_ChangeTag):
    key, label, adds = "add_tag", _("Add tag"), True
    button = ngettext_lazy("Add tag to %(count)d customer", "Add tag to %(count)d customers", "count")
    done = ngettext_lazy("Tag added to %(count)d customer", "Tag added to %(count)d customers", "count")


class RemoveTag(_ChangeTag):
    key, label, adds = "remove_tag", _("Remove tag"), False
    button = ngettext_lazy("Remove tag from %(count)d customer", "Remove tag from %(count)d customers", "count")
    done = ngettext_lazy("Tag removed from %(count)d customer", "Tag removed from %(count)d customers", "count")


class Export(BulkAction):
    key, label = "export", _("Export")
    role = Role.MANAGER
    page = "customers:export"


#: All actions by key, in the order in which they are offered.
ACTIONS: dict[str, BulkAction] = {
    action.key: action for action in (AddTag(), RemoveTag(), SetManager(), AddTask(), Archive(), Restore(), Export())
}


def offered(member: Membership) -> tuple[BulkAction, ...]:
    """Return the actions that a member may do."""
    return tuple(action for action in ACTIONS.values() if member.has_role(action.role))


def _is_known(customer: Customer) -> bool:
    return customer.status in _KNOWN


def _update(customers: list[Customer], **fields: Any) -> None:
    # The new version makes open forms of the customers report a conflict.
    keys = [customer.pk for customer in customers]
    Customer.objects.filter(pk__in=keys).update(version=F("version") + 1, updated_at=Now(), **fields)


def _assign(customers: list[Customer], manager: User | None, *, by: User | None) -> None:
    _update(customers, responsible=manager)
    record_all("customer.updated", customers, by=by, fields=["responsible"], people={"responsible": str(manager or "")})


def _changed_since(customers: list[Customer], same: Iterable[Customer]) -> dict[int, LeftOut]:
    """Return the reasons for customers that aren't the same."""
    keys = {customer.pk for customer in same}
    reasons: dict[str, LeftOut] = {**dict.fromkeys(_KNOWN, LeftOut.EDITED), CustomerStatus.ERASED: LeftOut.ERASED}
    return {customer.pk: reasons.get(customer.status, LeftOut.MERGED) for customer in customers if customer.pk not in keys}
