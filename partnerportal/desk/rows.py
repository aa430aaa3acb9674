"""Rows of the dashboard: one line each, with one action."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import CharField, Func, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from customers.models import Customer, Task
from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.core.addresses import address
from partnerportal.core.db_functions import CappedCount
from partnerportal.core.templatetags.dates import day_in_full, duration, moment_text
from requests_inbox.models import ContactRequest

#: Distance in days beyond which rows show a date.
RELATIVE_DAYS = 60
#: Maximum number of rows that are counted. More are displayed as “100+”.
MAX_TOTAL = 100
#: Number of characters of a request's message that are loaded.
EXCERPT_LENGTH = 160
#: Hours after which an unanswered request is highlighted.
LONG_WAIT_HOURS = 24


@dataclass(frozen=True)
class Action:
    """The action of a row: a `link`, a form in the `dialog`, or a `post`."""

    label: str
    url: str
    how: str = "link"


@dataclass(frozen=True)
class Row:
    """A row: when, what, whose, and one action."""

    #: Kind and primary key, such as “task-12”.
    key: str
    when: str
    #: The exact date or time.
    moment: date | datetime
    title: str
    url: str
    action: Action
    #: Whether `url` opens in the dialog.
    is_form: bool = False
    customer: str = ""
    customer_url: str = ""
    notes: tuple[str, ...] = ()
    tone: str = ""
    is_done: bool = False

    @property
    def exact(self) -> str:
        """The full date or time, as a title."""
        return moment_text(self.moment) if isinstance(self.moment, datetime) else day_in_full(self.moment)

    @property
    def machine_readable(self) -> str:
        """The date or time in ISO format."""
        return self.moment.isoformat(timespec="minutes") if isinstance(self.moment, datetime) else self.moment.isoformat()

    @property
    def about(self) -> SafeString:
        """The customer and the notes."""
        link = format_html('<a href="{}">{}</a>', self.customer_url, self.customer) if self.customer else ""
        return format_html("{}{}", link, format_html_join("", "<span>{}</span>", ((note,) for note in self.notes)))


class Excerpt(Func):
    """The beginning of a text, in one line."""

    template = f"left(regexp_replace(left(%(expressions)s, {2 * EXCERPT_LENGTH}), '\\s+', ' ', 'g'), {EXCERPT_LENGTH})"
    output_field = CharField()


def whose_rows(member: Membership, *, mine: bool) -> str:
    """Return the first argument of `belongs_to`."""
    return "" if not mine else "manager" if member.is_manager else "member"


def belongs_to(whose: str, user: Any, *fields: str) -> Q:
    """Return the condition for the rows of a `manager` or `member`, or of everyone (empty).

    The first of the people in `fields` decides, and rows without any belong to the managers.
    """
    if not whose:
        return Q()
    mine, unassigned = Q(pk__in=[]), Q()
    for name in fields:
        mine |= unassigned & Q(**{name: user})
        unassigned &= Q(**{f"{name}__isnull": True})
    return mine | (unassigned or ~Q(pk__in=[])) if whose == "manager" else mine


def day_text(day: date) -> str:
    """Return “4 days ago”, “yesterday”, “today”, “tomorrow” or “in 4 days”; a date if it is distant."""
    return _day_text(day, timezone.localdate(), get_language())


@lru_cache(maxsize=4096)
def _day_text(day: date, today: date, language: str | None) -> str:
    days = (day - today).days
    words = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    if days in words:
        return words[days]
    if abs(days) > RELATIVE_DAYS:
        return date_format(day, "SHORT_DATE_FORMAT")
    if days < 0:
        return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}
    return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


def person_name(person: int | None, member: Membership, team: list[User]) -> str:
    """Return the short name of a team member, “you” for the reader, or an empty string."""
    if person == member.user_id:
        return _("you")
    return next((user.get_full_name() for user in team if user.pk == person), "")


def dated_row(  # the columns of a union
    kind: str, pk: int, day: date, title: str, *, customer: Customer, person: str = "", priority: int | None = None
) -> Row:
    """Return the row of a task, project, domain or contract."""
    today = timezone.localdate()
    form_url, customer_url = address(f"customers:{kind}_edit", pk), customer.get_absolute_url()
    high = _("high priority") if priority == Task.Priority.HIGH else ""
    return Row(
        key=f"{kind}-{pk}",
        when=day_text(day),
        moment=day,
        title=title,
        url=form_url,
        action=_dated_action(kind, pk, form_url, customer_url),
        is_form=True,
        customer=customer.display_name,
        customer_url=customer_url,
        notes=tuple(filter(None, [_kind_note(kind, day < today), person, high])),
        # Past dates are red, and today is amber.
        tone="overdue" if day < today else "due-soon" if day == today else "",
    )


def _dated_action(kind: str, pk: int, form_url: str, customer_url: str) -> Action:
    if kind == "task":
        return Action(_("Done"), address("desk:task_done", pk), "post")
    if kind == "domain":
        return Action(_("Renew…"), address("customers:domain_renew", pk), "dialog")
    return Action(pgettext("button", "Open"), customer_url)


def _kind_note(kind: str, is_past: bool) -> str:
    if kind == "project":
        return _("project")
    if kind == "domain":
        return _("domain expired") if is_past else _("domain expires")
    return "" if kind == "task" else _("contract ended") if is_past else _("contract ends")


def task_row(task: Task, member: Membership, team: list[User]) -> Row:
    """Return the row of a task that was just completed or reopened."""
    person = person_name(task.assignee_id, member, team)
    row = dated_row("task", task.pk, task.sort_date, task.title, customer=task.customer, person=person, priority=task.priority)
    if not task.is_done:
        return row
    undo = Action(_("Undo"), address("desk:task_undo", task.pk), "post")
    return Row(**{**vars(row), "when": pgettext("task", "done"), "tone": "", "action": undo, "is_done": True})


def request_row(request: ContactRequest, person: str) -> Row:
    """Return the row of a contact request, which has an annotated `excerpt`."""
    url, waiting = request.get_absolute_url(), timezone.now() - request.created_at
    return Row(
        key=f"request-{request.pk}",
        when=duration(waiting),
        moment=request.created_at,
        title=request.display_name,
        url=url,
        action=Action(pgettext("button", "Reply"), f"{url}#answer"),
        notes=tuple(filter(None, [person, _("“%(words)s”") % {"words": request.excerpt.strip()}])),  # type: ignore[attr-defined]
        tone="due-soon" if waiting.total_seconds() > LONG_WAIT_HOURS * 3600 else "",
    )


def invitation_row(invitation: AccessInvitation) -> Row:
    """Return the row of a pending invitation."""
    expires = _("expires %(date)s") % {"date": date_format(invitation.valid_until, "SHORT_DATE_FORMAT")}
    return Row(
        key=f"invitation-{invitation.pk}",
        when=duration(timezone.now() - invitation.created_at),
        moment=invitation.created_at,
        title=invitation.display_name,
        url=invitation.get_absolute_url(),
        action=Action(_("Connect"), address("invitations:connect", invitation.pk)),
        notes=(_("gives %(access)s") % {"access": invitation.access_label}, expires),
    )


def first_rows(queryset: Any, order_by: str, limit: int) -> Any:
    """Return the first rows of an agency's queryset with the `total` number of rows, up to one more than `MAX_TOTAL`."""
    # The count is a subquery without the joins of the rows, which PostgreSQL evaluates once.
    count = CappedCount(queryset.select_related(None), MAX_TOTAL + 1)
    return queryset.annotate(total=count).order_by(order_by)[:limit]


def total_of(rows: list[Any]) -> int:
    """Return the total number of the rows of `first_rows`."""
    return rows[0].total if rows else 0
