"""Parts of the rows of customers' items. In Python, because a page has up to hundreds of rows.

The buttons belong to the form `rows-form`, which a page contains once.
"""

from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from customers.models import Contract, Domain, Project, Task
from partnerportal.core.templatetags.portal import bar, day, days_left, icon, relative_date, removal_label

register = template.Library()

#: Days within which end dates are highlighted.
NEAR_DAYS = 7


@register.simple_tag
def item_link(item: Any, text: str = "") -> SafeString:
    """Render the title of an item, which opens its form."""
    return format_html('<a class="row-title" href="{0}" hx-get="{0}">{1}</a>', _url(item, "edit"), text or item)


@register.simple_tag
def item_menu(item: Any) -> SafeString:
    """Render the menu of a row: Edit, Remove, and Request review for a project."""
    name = Truncator(item).chars(60)
    return format_html(
        '<details class="menu row-menu"><summary>{dots}<span class="visually-hidden">{more}</span></summary><div class="menu-panel">'
        '<a class="menu-item" href="{edit}" hx-get="{edit}">{pencil} {edit_label}</a>{review}'
        '<button class="menu-item" type="submit" form="rows-form" formaction="{remove}" data-confirm="{question}"'
        ' data-confirm-action="{action}">{trash} {remove_label}</button></div></details>',
        dots=icon("ellipsis-vertical"),
        more=_("More actions for %(item)s") % {"item": name},
        edit=_url(item, "edit"),
        pencil=icon("pencil-square"),
        edit_label=_("Edit"),
        review=_review_link(item) if isinstance(item, Project) and not item.customer.is_archived else "",
        remove=_url(item, "remove"),
        question=_("This permanently removes “%(item)s”.") % {"item": name},
        trash=icon("trash"),
        remove_label=_("Remove"),
        action=removal_label(item),
    )


@register.simple_tag
def task_check(task: Task) -> SafeString:
    """Render the button that completes or reopens a task."""
    text = _("Reopen task: %(task)s") if task.is_done else _("Mark as done: %(task)s")
    return _task_button(
        task, "task-check", format_html('{}<span class="visually-hidden">{}</span>', icon("check", 16, "micro"), text % {"task": task})
    )


@register.simple_tag
def task_undo(task: Task) -> SafeString:
    """Render the button that reopens a task just completed."""
    return _task_button(task, "btn btn-link task-undo", _("Undo"))


@register.simple_tag
def progress_bar(done: int, total: int) -> SafeString:
    """Render the bar of a project's completed tasks."""
    return bar(done * 100 / total)


@register.simple_tag
def domain_expiry(domain: Domain) -> SafeString | str:
    """Render when a domain expires that doesn't renew automatically."""
    if domain.expires_on is None:
        return format_html('<span class="text-faint">{}</span>', _("no expiry date"))
    is_past = domain.expires_on < timezone.localdate()
    return format_html(
        "{} {}", pgettext("domain", "expired") if is_past else pgettext("domain", "expires"), relative_date(domain.expires_on)
    )


@register.simple_tag
def contract_end(contract: Contract) -> SafeString:
    """Render when a contract ends."""
    if contract.ends_on is None:
        return format_html('<span class="text-faint">{}</span>', _("no end date"))
    if contract.status != Contract.Status.ACTIVE:
        return format_html("{} {}", pgettext("contract", "until"), day(contract.ends_on))
    verb = pgettext("contract", "ended") if contract.ends_on < timezone.localdate() else pgettext("contract", "ends")
    return format_html("{} {}", verb, relative_date(contract.ends_on))


@register.simple_tag
def cancel_by(contract: Contract) -> SafeString:
    """Render by when a running contract can be cancelled, if that isn't its end date."""
    last_day, today = contract.cancel_by, timezone.localdate()
    is_running = contract.status == Contract.Status.ACTIVE and contract.ends_on is not None and contract.ends_on >= today
    if not is_running or last_day == contract.ends_on:
        return SafeString("")
    return format_html("<span>{} {}</span>", _("cancel by") if last_day >= today else _("could be cancelled until"), day(last_day))


@register.simple_tag
def open_work(customer: Any) -> SafeString:
    """Render a customer's number of open tasks and the next end dates, see `with_open_work`."""
    parts = []
    if customer.open_tasks:
        text = ngettext("%(count)s task", "%(count)s tasks", customer.open_tasks) % {"count": customer.open_tasks}
        parts.append(format_html('<span class="wait">{}</span>', text))
    if customer.domain_ends:
        parts.append(_work_ends(_("domain %(days)s d"), _("domain %(date)s"), customer.domain_ends))
    if customer.contract_ends:
        parts.append(_work_ends(_("contract %(days)s d"), _("contract %(date)s"), customer.contract_ends))
    return format_html("{}" * len(parts), *parts) if parts else SafeString("")


def _work_ends(on_screen: str, on_paper: str, ends_on: date) -> SafeString:
    days = days_left(ends_on) or 0
    return format_html(
        '<span class="wait{}"><span class="screen-only">{}</span><span class="print-only">{}</span></span>',
        " due-soon" if days <= NEAR_DAYS else "",
        on_screen % {"days": days},
        on_paper % {"date": date_format(ends_on, "SHORT_DATE_FORMAT")},
    )


def _task_button(task: Task, css_class: str, label: str) -> SafeString:
    return format_html(
        '<button class="{}" id="task-{}-{}" type="submit" form="rows-form" formaction="{url}" hx-post="{url}" hx-target="closest li"'
        ' hx-swap="outerHTML" hx-sync="this:drop">{}</button>',
        css_class,
        str(task.pk),
        css_class.rpartition("-")[2],
        label,
        url=_url(task, "undo" if task.is_done else "done"),
    )


def _review_link(project: Project) -> SafeString:
    query = f"?customer={project.customer_id}&subject=project&project={project.pk}"
    return format_html('<a class="menu-item" href="{}{}">{} {}</a>', reverse("reviews:request"), query, icon("star"), _("Request review"))


def _url(item: Any, action: str) -> str:
    return reverse(f"customers:{item._meta.model_name}_{action}", args=[item.pk])
