"""Notification of members to whom colleagues assigned tasks."""

from collections.abc import Sequence

from customers.mails import send_task_assigned, send_tasks_assigned
from customers.models import Task
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, DigestItem, Membership, Notification
from partnerportal.agencies.queries import active_members


def notify_assignee(task: Task, *, by: User) -> None:
    """Notify the assignee of an open task, unless they assigned it to themselves."""
    member = _assigned_member(task.agency, task.assignee_id, by=by)
    if member is None or task.is_done:
        return
    if member.is_notified_about(Notification.TASKS):
        send_task_assigned(task, to=member, by=by)
    DigestItem.objects.add([member], Notification.TASKS, task.pk)


def notify_of_many(count: int, *, agency: Agency, assignee: int | None, by: User) -> None:
    """Notify the assignee of several tasks with one e-mail; see `add_to_digest` for members who chose the digest."""
    member = _assigned_member(agency, assignee, by=by)
    if member and count and member.is_notified_about(Notification.TASKS):
        send_tasks_assigned(count, to=member, by=by)


def add_to_digest(tasks: Sequence[Task], *, agency: Agency, assignee: int | None, by: User) -> None:
    """Put tasks into the assignee's next digest if they chose so."""
    member = _assigned_member(agency, assignee, by=by)
    if member:
        DigestItem.objects.add([member], Notification.TASKS, *(task.pk for task in tasks))


def _assigned_member(agency: Agency, assignee: int | None, *, by: User) -> Membership | None:
    """Return the active member to notify. Nobody is notified of their own actions."""
    if assignee is None or assignee == by.pk:
        return None
    return next((member for member in active_members(agency) if member.user_id == assignee), None)
