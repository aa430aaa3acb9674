"""Sections of a member's digest, in the active language and time zone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from customers.models import Customer
from partnerportal.agencies.models import InternalKind, Membership, Mode, Notification
from partnerportal.core.addresses import address
from partnerportal.core.templatetags.portal import rating
from partnerportal.desk.digest.queries import LIMIT, OVERDUE, TODAY, WEEK, Facts
from partnerportal.desk.rows import Row, dated_row, request_row
from requests_inbox.models import ContactRequest

#: Number of characters of a request that are shown.
EXCERPT_LENGTH = 100


@dataclass(frozen=True)
class Line:
    """A line: what, where, and a few words about it."""

    title: str
    #: The absolute URL of the object.
    url: str
    notes: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """The notes as text."""
        return " · ".join(self.notes)


@dataclass(frozen=True)
class DigestSection:
    """A section with its first lines."""

    title: str
    lines: list[Line]
    total: int
    #: The absolute URL of the page with all of them.
    url: str
    #: The number with a noun, such as “3 overdue”.
    summary: str = field(default="")

    @property
    def more(self) -> str:
        """How many more there are, if not all are shown."""
        left = self.total - len(self.lines)
        return ngettext("%(count)d more", "%(count)d more", left) % {"count": left} if left else ""


#: Titles and summaries of the sections by date.
_DATED_TITLES: dict[str, tuple[Promise, Any]] = {
    OVERDUE: (gettext_lazy("Overdue"), ngettext_lazy("%(count)d overdue", "%(count)d overdue", "count")),
    TODAY: (gettext_lazy("Today"), ngettext_lazy("%(count)d due today", "%(count)d due today", "count")),
    WEEK: (gettext_lazy("This week"), ngettext_lazy("%(count)d this week", "%(count)d this week", "count")),
}


def sections_of(member: Membership, facts: Facts) -> list[DigestSection]:
    """Return the sections that aren't empty."""
    dated = [_dated(member, facts, name) for name in (OVERDUE, TODAY, WEEK)]
    sections = [*dated, _waiting(member, facts), _reviews(member, facts), _deadlines(member, facts), _events(member, facts)]
    return [section for section in sections if section.lines]


def _people(member: Membership) -> list[int | None]:
    """Return whose rows the member receives: their own, and as a manager those without anyone."""
    return [member.user_id, None] if member.is_manager else [member.user_id]


def _dated(member: Membership, facts: Facts, name: str) -> DigestSection:
    found = [row for person in _people(member) for row in facts.dated.get((name, person), [])]
    found.sort(key=lambda row: (row[3], row[5] or 0))
    lines = []
    for kind, _position, pk, day, title, priority, customer in found[:LIMIT]:
        row = dated_row(kind, pk, day, title, customer=facts.customers[customer], priority=priority)
        lines.append(_line(row, facts.customers[customer], with_day=name != TODAY))
    total = sum(facts.totals.get((name, person), 0) for person in _people(member))
    title, summary = _DATED_TITLES[name]
    url = _url(f"{reverse('desk:dashboard')}?whose=mine&section={OVERDUE if name == OVERDUE else WEEK}")
    return DigestSection(str(title), lines, total, url, summary % {"count": total})


def _waiting(member: Membership, facts: Facts) -> DigestSection:
    requests = sorted((request for person in _people(member) for request in facts.waiting.get(person, [])), key=lambda request: request.pk)
    total = sum(facts.waiting[person][0].total for person in _people(member) if person in facts.waiting)  # type: ignore[attr-defined]
    lines = [_request_line(request) for request in requests[:LIMIT]]
    summary = ngettext("%(count)d request waiting", "%(count)d requests waiting", total) % {"count": total}
    return DigestSection(_("Waiting for a reply"), lines, total, _url(reverse("requests_inbox:list")), summary)


def _request_line(request: ContactRequest) -> Line:
    row = request_row(request, "")
    words = Truncator(request.excerpt.strip()).chars(EXCERPT_LENGTH)  # type: ignore[attr-defined]
    return Line(row.title, _url(row.url), (row.when, _("“%(words)s”") % {"words": words}))


def _reviews(member: Membership, facts: Facts) -> DigestSection:
    since = facts.reviews_since[member.pk]
    new = [
        review
        for review in facts.reviews
        if review.created_at >= since and member.is_notified_about(*review.notification_kinds, mode=Mode.DIGEST)
    ]
    lines = [
        Line(
            _("%(stars)s of 5 stars: %(subject)s") % {"stars": rating(review.mean), "subject": review.subject_label},
            _url(reverse("reviews:detail", args=[review.pk])),
            (review.author_label,),
        )
        for review in new[:LIMIT]
    ]
    summary = ngettext("%(count)d new review", "%(count)d new reviews", len(new)) % {"count": len(new)}
    return DigestSection(_("New reviews"), lines, len(new), _url(reverse("reviews:list")), summary)


def _deadlines(member: Membership, facts: Facts) -> DigestSection:
    found = _objects(member, facts, Notification.DEADLINES)
    lines = [Line(line.text, line.url, (line.customer.name_in_text,)) for line in found]
    summary = ngettext("%(count)d deadline", "%(count)d deadlines", len(found)) % {"count": len(found)}
    url = _url(f"{reverse('desk:dashboard')}?whose=mine")
    return DigestSection(_("Deadlines"), lines[:LIMIT], len(lines), url, summary)


def _events(member: Membership, facts: Facts) -> DigestSection:
    """Return the events of the other kinds for which the member chose the digest."""
    lines = [write(found) for kind, write in _EVENTS.items() for found in _objects(member, facts, kind)]
    summary = ngettext("%(count)d event", "%(count)d events", len(lines)) % {"count": len(lines)}
    return DigestSection(_("What’s new"), lines[:LIMIT], len(lines), _url(reverse("desk:dashboard")), summary)


def _objects(member: Membership, facts: Facts, kind: str) -> list[Any]:
    objects = facts.objects.get(kind, {})
    return [objects[item.object_id] for item in facts.items.get(member.pk, []) if item.kind == kind and item.object_id in objects]


def _task_event(task: Any) -> Line:
    due = _("due %(date)s") % {"date": date_format(task.due_on, "SHORT_DATE_FORMAT")} if task.due_on else ""
    url = _url(address("customers:task_edit", task.pk))
    return Line(_("Task assigned to you: %(title)s") % {"title": task.title}, url, _present(task.customer.name_in_text, due))


def _undeliverable_event(request: Any) -> Line:
    title = _("Review request to %(customer)s not delivered") % {"customer": request.customer.name_in_text}
    return Line(title, _url(reverse("reviews:request_detail", args=[request.pk])), (request.subject_label,))


_EVENTS: dict[str, Callable[[Any], Line]] = {
    Notification.REQUESTS: lambda request: Line(
        _("New request from %(sender)s") % {"sender": request.display_name}, _url(request.get_absolute_url())
    ),
    Notification.ACCESS: lambda invitation: Line(
        _("Access from %(who)s: %(status)s") % {"who": invitation.display_name, "status": invitation.get_status_display()},
        _url(invitation.get_absolute_url()),
    ),
    InternalKind.ACCESS_REQUESTS: lambda request: Line(
        _("Access request to %(customer)s: %(status)s")
        % {"customer": request.customer.name_in_text, "status": request.get_status_display()},
        _url(request.customer.get_absolute_url()),
    ),
    Notification.FILES: lambda shared: Line(
        _("File from %(customer)s: %(title)s") % {"customer": shared.customer.name_in_text, "title": shared.title},
        _url(shared.get_absolute_url()),
    ),
    InternalKind.APPROVALS: lambda approval: Line(
        _("Approval of “%(title)s”: %(status)s") % {"title": approval.title, "status": approval.get_status_display()},
        _url(approval.get_absolute_url()),
        (approval.customer.name_in_text,),
    ),
    Notification.TASKS: _task_event,
    Notification.MESSAGES: lambda customer: Line(
        _("New messages from clients: %(customer)s") % {"customer": customer.name_in_text},
        _url(reverse("invitations:shared_messages", args=[customer.pk])),
    ),
    Notification.UNDELIVERABLE: _undeliverable_event,
}


def _line(row: Row, customer: Customer, *, with_day: bool = True) -> Line:
    return Line(row.title, _url(row.url), _present(row.when if with_day else "", customer.name_in_text, *row.notes))


def _present(*notes: str) -> tuple[str, ...]:
    return tuple(note for note in notes if note)


def _url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def summary_of(sections: Iterable[DigestSection]) -> str:
    """Return the numbers of all sections in one line."""
    return " · ".join(section.summary for section in sections)
