"""Parts of the rows of customers' items. In Python, because a page has up to hundreds of rows.

The buttons belong to the form `rows-form`, which a page contains once.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any

from django import template
from django.apps import apps
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from customers.models import Contract, Domain, Project, Task
from partnerportal.core.addresses import address
from partnerportal.core.templatetags.dates import day, days_left, due, relative_date
from partnerportal.core.templatetags.portal import bar, icon, money, removal_label, status_pill

register = template.Library()

#: Days within which end dates are highlighted.
NEAR_DAYS = 7
_STATUSES = {"project": Project.Status, "contract": Contract.Status}


def _kept_today(render: Callable[..., SafeString]) -> Callable[..., SafeString]:
    """Decorator that keeps what is rendered for each of the arguments, in each language and on each day."""

    @lru_cache(maxsize=4096)
    def kept(language: str | None, today: date, *values: Any) -> SafeString:
        return render(*values)

    return wraps(render)(lambda *values: kept(get_language(), timezone.localdate(), *values))


@register.simple_tag
def item_link(kind: str, pk: int, text: str) -> SafeString:
    """Render the title of an item, which opens its form."""
    return _fill('<a class="row-title" href="{url}" hx-get="{url}">{text}</a>', url=_url(kind, pk, "edit"), text=escape(text))


@register.simple_tag
def item_menu(kind: str, pk: int, name: str, review: str = "") -> SafeString:
    """Render the menu of a row: Edit, Remove, and the link `review` of a project."""
    pattern = _menu_pattern(kind, get_language())
    return _fill(pattern, name=escape(name), edit=_url(kind, pk, "edit"), remove=_url(kind, pk, "remove"), review=review)


@lru_cache(maxsize=32)
def _menu_pattern(kind: str, language: str | None) -> str:
    """Return the menu with the names of `_fill` in place of what differs between rows."""
    return format_html(
        '<details class="menu row-menu"><summary>{dots}<span class="visually-hidden">{more}</span></summary><div class="menu-panel">'
        '<a class="menu-item" href="{{edit}}" hx-get="{{edit}}">{pencil} {edit_label}</a>{{review}}'
        '<button class="menu-item" type="submit" form="rows-form" formaction="{{remove}}" data-confirm="{question}"'
        ' data-confirm-action="{action}">{trash} {remove_label}</button></div></details>',
        dots=icon("ellipsis-vertical"),
        more=_("More actions for %(item)s") % {"item": "{name}"},
        pencil=icon("pencil-square"),
        edit_label=_("Edit"),
        question=_("This permanently removes “%(item)s”.") % {"item": "{name}"},
        trash=icon("trash"),
        remove_label=_("Remove"),
        action=removal_label(apps.get_model("customers", kind)),
    )


@register.simple_tag
def review_link(pk: int, customer_pk: int) -> SafeString:
    """Render the link for requesting a review of a project."""
    query = f"?customer={customer_pk}&amp;subject=project&amp;project={pk}"
    pattern = '<a class="menu-item" href="{url}{query}">{icon} {label}</a>'
    return _fill(pattern, url=address("reviews:request"), query=query, icon=icon("star"), label=escape(_("Request review")))


@register.simple_tag
def renew_button(kind: str, pk: int, until: str) -> SafeString:
    """Render the button that renews a domain or contract, whose present end is `until` in ISO format."""
    pattern = (
        '<button class="menu-item" type="submit" form="rows-form" formaction="{url}" name="until" value="{until}">{icon} {label}</button>'
    )
    return _fill(pattern, url=_url(kind, pk, "renew"), until=until, icon=icon("arrow-path"), label=escape(pgettext("button", "Renew")))


@register.simple_tag
def item_status(kind: str, status: str) -> SafeString:
    """Render the status of a project or contract."""
    return status_pill(status, _STATUSES[kind](status).label)


@register.simple_tag
def task_check(is_done: bool, pk: int, title: str) -> SafeString:
    """Render the button that completes or reopens a task."""
    label = _fill(_check_pattern(is_done, get_language()), task=escape(title))
    return _task_button(pk, "undo" if is_done else "done", "task-check", label)


@lru_cache(maxsize=32)
def _check_pattern(is_done: bool, language: str | None) -> str:
    text = _("Reopen task: %(task)s") if is_done else _("Mark as done: %(task)s")
    return format_html('{}<span class="visually-hidden">{}</span>', icon("check", 16, "micro"), text % {"task": "{task}"})


@register.simple_tag
def task_undo(pk: int) -> SafeString:
    """Render the button that reopens a task just completed."""
    return _task_button(pk, "undo", "btn btn-link task-undo", _("Undo"))


@register.simple_tag
def task_date(task: Task) -> SafeString:
    """Render when a task was completed or is due."""
    if task.done_at is not None:
        return format_html("{} {}", _("done on"), day(task.done_at))
    return due(task.due_on) if task.due_on else _no_date()


@register.simple_tag
def project_date(project: Project) -> SafeString:
    """Render when a project is or was due."""
    if project.due_on is None:
        return _no_date()
    return due(project.due_on) if project.is_open else day(project.due_on)


def _no_date() -> SafeString:
    return format_html('<span class="text-faint">{}</span>', _("no date"))


@register.simple_tag
def project_progress(project: Any) -> SafeString:
    """Render the number of a project's completed tasks with a bar. Empty without tasks."""
    done, total = project.done_count, project.task_count
    if not total:
        return SafeString("")
    text = _("%(done)s of %(count)s tasks") % {"done": number_format(done), "count": number_format(total)}
    return format_html('<span class="progress-line">{} {}</span>', bar(done * 100 / total), text)


@register.simple_tag
def domain_date(domain: Domain) -> SafeString | str:
    """Render when a domain expires."""
    return relative_date(domain.expires_on, calm=True) if domain.auto_renew else domain_expiry(domain)


@register.simple_tag
def domain_expiry(domain: Domain) -> SafeString:
    """Render when a domain expires that doesn't renew automatically."""
    return _domain_expiry(domain.expires_on)


@_kept_today
def _domain_expiry(expires_on: date | None) -> SafeString:
    if expires_on is None:
        return format_html('<span class="text-faint">{}</span>', _("no expiry date"))
    is_past = expires_on < timezone.localdate()
    return format_html("{} {}", pgettext("domain", "expired") if is_past else pgettext("domain", "expires"), relative_date(expires_on))


@register.simple_tag
def contract_end(contract: Contract) -> SafeString:
    """Render when a contract ends."""
    return _contract_end(contract.ends_on, contract.status)


@_kept_today
def _contract_end(ends_on: date | None, status: str) -> SafeString:
    if ends_on is None:
        return format_html('<span class="text-faint">{}</span>', _("no end date"))
    if status != Contract.Status.ACTIVE:
        return format_html("{} {}", pgettext("contract", "until"), day(ends_on))
    verb = pgettext("contract", "ended") if ends_on < timezone.localdate() else pgettext("contract", "ends")
    return format_html("{} {}", verb, relative_date(ends_on))


@register.simple_tag
def contract_price(contract: Contract) -> SafeString:
    """Render the price of a contract and its interval, if known."""
    return _contract_price(contract.price, contract.currency, contract.interval)


@_kept_today
def _contract_price(price: Decimal | None, currency: str, interval: str) -> SafeString:
    if price is None:
        return SafeString("")
    return format_html("<span>{} {}</span>", money(price, currency), Contract.Interval(interval).label)


@register.simple_tag
def notice_period(contract: Contract) -> str:
    """Return the notice period of a contract, which must have one: “notice period: 3 months”."""
    forms = {
        "days": lambda count: ngettext("notice period: %(count)d day", "notice period: %(count)d days", count),
        "weeks": lambda count: ngettext("notice period: %(count)d week", "notice period: %(count)d weeks", count),
        "months": lambda count: ngettext("notice period: %(count)d month", "notice period: %(count)d months", count),
    }
    return forms[contract.notice_unit](contract.notice_count) % {"count": contract.notice_count}


@register.simple_tag
def cancel_by(contract: Contract) -> SafeString:
    """Render by when a running contract can be cancelled, if that isn't its end date."""
    return _cancel_by(contract.cancel_by, contract.ends_on, contract.status)


@_kept_today
def _cancel_by(last_day: date | None, ends_on: date | None, status: str) -> SafeString:
    today = timezone.localdate()
    is_running = status == Contract.Status.ACTIVE and ends_on is not None and ends_on >= today
    if not is_running or last_day is None or last_day == ends_on:
        return SafeString("")
    text = _("cancel by") if last_day >= today else _("was cancellable until")
    return format_html("<span>{} {}</span>", text, day(last_day, short=True))


@register.simple_tag
def open_work(customer: Any) -> SafeString:
    """Render a customer's number of open tasks and the next end dates, see `with_open_work`."""
    return _open_work(customer.open_tasks, customer.domain_ends, customer.contract_ends)


@_kept_today
def _open_work(open_tasks: int, domain_ends: date | None, contract_ends: date | None) -> SafeString:
    parts = []
    if open_tasks:
        text = ngettext("%(count)s task", "%(count)s tasks", open_tasks) % {"count": open_tasks}
        parts.append(format_html('<span class="wait">{}</span>', text))
    if domain_ends:
        parts.append(_work_ends(_("domain %(days)s d"), _("domain %(date)s"), domain_ends))
    if contract_ends:
        parts.append(_work_ends(_("contract %(days)s d"), _("contract %(date)s"), contract_ends))
    return format_html("{}" * len(parts), *parts) if parts else SafeString("")


def _work_ends(on_screen: str, on_paper: str, ends_on: date) -> SafeString:
    days = days_left(ends_on) or 0
    return format_html(
        '<span class="wait{}"><span class="screen-only">{}</span><span class="print-only">{}</span></span>',
        " due-soon" if days <= NEAR_DAYS else "",
        on_screen % {"days": days},
        on_paper % {"date": date_format(ends_on, "SHORT_DATE_FORMAT")},
    )


def _task_button(pk: int, action: str, css_class: str, label: str) -> SafeString:
    pattern = (
        '<button class="{css_class}" id="task-{pk}-{name}" type="submit" form="rows-form" formaction="{url}" hx-post="{url}"'
        ' hx-target="closest li" hx-swap="outerHTML" hx-sync="this:drop">{label}</button>'
    )
    name, url = css_class.rpartition("-")[2], _url("task", pk, action)
    return _fill(pattern, css_class=css_class, pk=str(pk), name=name, url=url, label=conditional_escape(label))


def _url(kind: str, pk: int, action: str) -> str:
    return address(f"customers:{kind}_{action}", pk)


def _fill(pattern: str, **texts: str) -> SafeString:
    """Return an HTML pattern with escaped texts, which `format_html` would check again."""
    return mark_safe(pattern.format_map(texts))  # noqa: S308  # nosec B308 B703
