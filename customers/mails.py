"""E-mails about tasks."""

from django.conf import settings
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.models import Task
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter

REASON = _(
    "You’re receiving this e-mail because you’re notified about tasks assigned to you at %(agency)s. You can turn this off in your account:"
)


def send_task_assigned(task: Task, *, to: Membership, by: User) -> None:
    """Notify a member that a colleague assigned them a task."""
    due = _("It’s due on %(date)s.")
    queue_letter(
        Letter(
            kind="task_assigned",
            to=to.user.email,
            language=to.language,
            values={
                "agency": to.agency,
                "by": str(by),
                "title": task.title,
                "customer": lambda: task.customer.name_in_text,
                "date": task.due_on,
            },
            subject=_("Task assigned to you: %(title)s"),
            name=to.user.full_name,
            intro=format_lazy("{} {}", _("%(by)s has assigned you the task “%(title)s” for %(customer)s."), due)
            if task.due_on
            else _("%(by)s has assigned you the task “%(title)s” for %(customer)s."),
            button=_("View task"),
            link=f"{settings.SITE_URL}{reverse('customers:task_edit', args=[task.pk])}",
            footer_reason=REASON,
            footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
            agency=to.agency,
            to_team=True,
            customer=task.customer,
        )
    )


def send_tasks_assigned(count: int, *, to: Membership, by: User) -> None:
    """Notify a member that a colleague assigned them several tasks. Names none, because it outlives an erasure."""
    queue_letter(
        Letter(
            kind="tasks_assigned",
            to=to.user.email,
            language=to.language,
            values={"agency": to.agency, "by": str(by), "count": count},
            subject=ngettext_lazy("%(count)d task assigned to you", "%(count)d tasks assigned to you", "count"),
            name=to.user.full_name,
            intro=ngettext_lazy("%(by)s has assigned you %(count)d task.", "%(by)s has assigned you %(count)d tasks.", "count"),
            button=_("View tasks"),
            link=f"{settings.SITE_URL}{reverse('customers:task_list')}",
            footer_reason=REASON,
            footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
            agency=to.agency,
            to_team=True,
        )
    )
