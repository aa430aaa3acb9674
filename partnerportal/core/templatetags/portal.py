"""Tags and filters of our templates. A builtin library (see the settings), so no template has to load it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from babel.numbers import format_currency
from django import template
from django.forms import BaseForm
from django.http import HttpRequest
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _
from heroicons.templatetags.heroicons import heroicon_micro, heroicon_mini, heroicon_outline, heroicon_solid

from partnerportal.core.language_addresses import fixed_language, language_url
from partnerportal.core.redirects import get_next_path

register = template.Library()

# --- Icons -------------------------------------------------------------------------------------------------------------

_ICON_STYLES = {"outline": heroicon_outline, "solid": heroicon_solid, "mini": heroicon_mini, "micro": heroicon_micro}


@register.simple_tag
def icon(name: str, size: int = 20, style: str = "outline") -> SafeString:
    """A heroicon of `size` pixels as inline SVG, hidden from screen readers: a word always stands beside it.

    Raises:
        heroicons.IconDoesNotExist: no icon has this name.
        KeyError: `style` isn't outline, solid, mini or micro.
    """
    return _icon(str(name), int(size), str(style))


@cache
def _icon(name: str, size: int, style: str) -> SafeString:
    # Drawing one means parsing XML, and a list shows the same few again and again; names come from our own code only.
    attributes = {"class": "icon", "aria_hidden": "true", "focusable": "false"}
    return format_html("{}", _ICON_STYLES[style](name, size=size, **attributes))


# --- Ratings -----------------------------------------------------------------------------------------------------------

#: Five stars side by side in a box of 100 × 20, as one path.
_FIVE_STARS = "".join(
    f"M{10 + 20 * index} 1.8l2.66 5.39 5.95.86-4.31 4.2 1.02 5.92-5.32-2.8-5.32 2.8 1.02-5.92-4.31-4.2 5.95-.86z" for index in range(5)
)

_RATING_WORDS: dict[int, str | Promise] = {
    1: gettext_lazy("poor"),
    2: gettext_lazy("fair"),
    3: gettext_lazy("average"),
    4: gettext_lazy("good"),
    5: gettext_lazy("excellent"),
}


@register.simple_tag
def stars(value: Decimal | float | None) -> SafeString:
    """Five stars, filled up to `value` (0–5), with “4.8 of 5” for screen readers; nothing for None."""
    if value is None:
        return SafeString("")
    exact = min(max(Decimal(str(value)), Decimal(0)), Decimal(5))
    # A nested <svg> clips what it holds; our content security policy allows no style attribute that could do so.
    drawing = format_html(
        '<svg class="stars-drawing" viewBox="0 0 100 20" width="100" height="20" aria-hidden="true" focusable="false">'
        '<path class="stars-empty" d="{path}"/>'
        '<svg x="0" y="0" width="{width}" height="20"><path class="stars-full" d="{path}"/></svg></svg>',
        path=_FIVE_STARS,
        width=f"{exact * 20:.1f}",
    )
    return format_html(
        '<span class="stars">{}<span class="visually-hidden">{}</span></span>', drawing, _("%(rating)s of 5") % {"rating": rating(value)}
    )


@register.filter
def rating(value: Decimal | float | None) -> str:
    """A rating as people read it: whole ones as they are, others to one decimal (half up), in the reader's language."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return number_format(value)
    return number_format(Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP), decimal_pos=1)


@register.filter
def rating_word(value: int | str) -> str:
    """The word for so many stars, 1–5: poor, fair, fine, good, excellent."""
    return str(_RATING_WORDS[int(value)])


@register.filter
def rating_label(value: int | str) -> str:
    """What a screen reader says for a choice of so many stars: “4 of 5, good”."""
    return _("%(rating)s of 5, %(word)s") % {"rating": value, "word": rating_word(value)}


@register.simple_tag
def bar(percent: Decimal | float) -> SafeString:
    """A horizontal bar filled to `percent`; its number must stand beside it as text."""
    width = min(max(float(percent), 0.0), 100.0)
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="bar-rest" width="100" height="8"/><rect class="bar-part" width="{}" height="8"/></svg>',
        f"{width:.1f}",
    )


@register.simple_tag
def column(percent: Decimal | float) -> SafeString:
    """A column filled from below to `percent`, for a chart; its number must stand beside it as text."""
    height = min(max(float(percent), 0.0), 100.0)
    return format_html(
        '<svg class="column-bar" viewBox="0 0 10 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="column-rest" width="10" height="100"/>'
        '<rect class="column-part" y="{}" width="10" height="{}"/></svg>',
        f"{100 - height:.1f}",
        f"{height:.1f}",
    )


# --- Dates -------------------------------------------------------------------------------------------------------------


@register.simple_tag
def day(value: date | datetime | None) -> SafeString:
    """A date as <time>, in the reader's language and the time zone in force; nothing for None."""
    if value is None:
        return SafeString("")
    shown = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return format_html('<time datetime="{}">{}</time>', shown.strftime("%Y-%m-%d"), format_date(shown, "DATE_FORMAT"))


@register.simple_tag
def moment(value: datetime | None, short: bool = False) -> SafeString:
    """A date with its time of day as <time>, the month in full or `short`; nothing for None."""
    if value is None:
        return SafeString("")
    shown = timezone.localtime(value) if timezone.is_aware(value) else value
    return format_html(
        '<time datetime="{}">{}</time>',
        shown.isoformat(timespec="minutes"),
        format_date(shown, "SHORT_DATETIME_FORMAT" if short else "DATETIME_FORMAT"),
    )


#: Further away than this, a date says more than a number of days.
_RELATIVE_DAYS = 60
#: From here on it is close.
_NEAR_DAYS = 7


@register.filter
def days_left(value: date | None) -> int | None:
    """Days from today, in the time zone in force, until a date; negative once it has passed."""
    return None if value is None else (value - timezone.localdate()).days


@register.simple_tag
def relative_date(value: date | None, calm: bool = False) -> SafeString:
    """Return how far away a date is (“in 12 days”), or the date itself if it has passed or is more than two months away.

    Past and close dates are highlighted unless they are `calm`: nothing has to be done about them. Print always shows the date.
    """
    if value is None:
        return SafeString("")
    days = (value - timezone.localdate()).days
    if days < 0:
        passed = pgettext("deadline", "%(date)s") % {"date": format_date(value, "SHORT_DATE_FORMAT")}
        return _date_element(value, passed, calm=calm)
    return _date_element(value, _in_days(days) if days <= _RELATIVE_DAYS else "", calm=calm)


@register.simple_tag
def due(value: date | None) -> SafeString:
    """Return when something is due (“due tomorrow”, “3 days overdue”). Print always shows the date."""
    if value is None:
        return SafeString("")
    days = (value - timezone.localdate()).days
    if days < 0:
        return format_html('<span class="print-only">{} </span>{}', pgettext("task", "due"), _date_element(value, days_overdue(value)))
    return format_html("{} {}", pgettext("task", "due"), relative_date(value))


def days_overdue(value: date) -> str:
    """Return “3 days overdue” for a date that has passed."""
    days = (timezone.localdate() - value).days
    return ngettext("%(days)d day overdue", "%(days)d days overdue", days) % {"days": days}


def _date_element(value: date, relative: str, *, calm: bool = False) -> SafeString:
    days = (value - timezone.localdate()).days
    shown = format_date(value, "DATE_FORMAT")
    tone = "far" if calm or days > _NEAR_DAYS else "near" if days >= 0 else "past"
    text: str | SafeString = shown if calm else pgettext("deadline", "%(date)s") % {"date": shown}
    if relative:
        text = format_html('<span class="screen-only">{}</span><span class="print-only">{}</span>', relative, text)
    return format_html('<time class="until until-{}" datetime="{}" title="{}">{}</time>', tone, value.isoformat(), shown, text)


def _in_days(days: int) -> str:
    words = {0: _("today"), 1: _("tomorrow")}
    return words.get(days) or ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


@register.filter
def duration(span: timedelta | None) -> str:
    """A span of time in its largest unit: “3 hours”; nothing for None."""
    if span is None:
        return ""
    if span < timedelta(minutes=1):
        return _("less than a minute")
    now = timezone.now()
    return timesince(now - span, now, depth=1)


# --- Money -------------------------------------------------------------------------------------------------------------


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """An amount as the reader's language writes it: €89.00, 89,00 €, CHF 89.00 (Babel forgets the space after letters)."""
    text: str = format_currency(amount, currency, locale=to_locale(get_language() or "en"))
    return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", text)


# --- Addresses ---------------------------------------------------------------------------------------------------------


@register.filter
def display_url(url: str) -> str:
    """A web address as people say it: without scheme, “www.” and the last slash."""
    return re.sub(r"^https?://(www\.)?", "", url).rstrip("/")


@register.simple_tag(takes_context=True)
def public_url(context: dict[str, Any], name: str, *args: Any) -> str:
    """Return the address of a public page, in the language that the current page's address fixes, if it does."""
    return language_url(name, *args, language=fixed_language(context.get("request")))


# --- Tasks -------------------------------------------------------------------------------------------------------------


@register.filter
def open_tasks(tasks: Iterable[Any]) -> list[Any]:
    """Those that nobody has done yet, in their order."""
    return [task for task in tasks if not task.is_done]


@register.filter
def completed_tasks(tasks: Iterable[Any]) -> list[Any]:
    """Those that are done, the last one first."""
    return sorted((task for task in tasks if task.is_done), key=lambda task: task.done_at, reverse=True)


# --- States, people, forms ---------------------------------------------------------------------------------------------

#: Tone and icon of a state, whatever it is a state of. An unknown one fails: a new state must get its look here.
_STATUS_STYLES: dict[str, tuple[str, str]] = {
    "open": ("accent", "clock"),
    "answered": ("good", "check-circle"),
    "expired": ("calm", "calendar"),
    "withdrawn": ("calm", "x-circle"),
    "undeliverable": ("danger", "exclamation-triangle"),
    # A review, and a report of one
    "pinned": ("accent", "bookmark"),
    "hidden": ("warn", "eye-slash"),
    "reported": ("warn", "flag"),
    "removed": ("danger", "x-circle"),
    "queued": ("calm", "clock"),
    "sent": ("good", "check-circle"),
    "failed": ("danger", "exclamation-triangle"),
    "planned": ("calm", "calendar"),
    "active": ("accent", "play-circle"),
    "done": ("good", "check-circle"),
    "cancelled": ("calm", "x-circle"),
    "archived": ("calm", "archive-box"),
    "ended": ("calm", "check"),
    # A profile
    "draft": ("calm", "pencil-square"),
    "submitted": ("accent", "clock"),
    "registered": ("good", "check-badge"),
    # Access: an invitation, a request
    "pending": ("accent", "clock"),
    "connected": ("good", "check-circle"),
    "rejected": ("calm", "x-circle"),
    "revoked": ("calm", "lock-closed"),
    "disconnected": ("calm", "lock-closed"),
    "granted": ("good", "check-circle"),
    "declined": ("calm", "x-circle"),
    # An import, and its rows
    "uploaded": ("calm", "document-text"),
    "checking": ("accent", "clock"),
    "checked": ("accent", "clipboard-document-check"),
    "importing": ("accent", "clock"),
    "new": ("good", "plus-circle"),
    "twin": ("warn", "users"),
    "duplicate": ("warn", "document-duplicate"),
    "error": ("danger", "exclamation-triangle"),
    "imported": ("good", "check-circle"),
    # A request; “new”, “open” and “queued” are above
    "assigned": ("good", "link"),
    "spam": ("danger", "no-symbol"),
    "closed": ("calm", "check"),
}


@register.simple_tag
def status_pill(value: str, label: str | Promise) -> SafeString:
    """A state as a small pill: colour, icon and word.

    Raises:
        KeyError: nobody has said how this state looks.
    """
    tone, icon_name = _STATUS_STYLES[str(value)]
    return format_html('<span class="pill pill-{}">{}{}</span>', tone, _icon(icon_name, 16, "micro"), label)


@register.filter
def initials(name: str) -> str:
    """One or two capital letters that stand for a name where there is no picture."""
    words = [word for word in str(name).split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "–"


@dataclass(frozen=True)
class ErrorLine:
    """One line of the summary above a form."""

    #: The id of the input that the line leads to; empty where the error belongs to no single one.
    anchor: str
    #: The input's; empty where it can't be named.
    label: str
    message: str


@register.filter
def error_summary(form: BaseForm | None) -> list[ErrorLine]:
    """All errors of a form, in the order of its fields, first those of the whole form."""
    if form is None or not form.errors:
        return []
    lines = [ErrorLine("", "", str(error)) for error in form.non_field_errors()]
    for field in form:
        # A group of radio buttons has no input of its own to lead to: its first button is the place.
        anchor = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
        # A label with a link in it (a consent) can't stand within the link to its field: the message says enough.
        label = "" if hasattr(field.label, "__html__") else str(field.label)
        # “Enter your name.” names its field itself.
        named = str(getattr(form, "required_messages", {}).get(field.name, ""))
        lines += [ErrorLine(anchor, "" if error == named else label, str(error)) for error in field.errors]
    return lines


@register.filter
def for_dialog(form: Any, request: HttpRequest) -> Any:
    """A crispy form that stands in the dialog: it posts to its own page by htmx, and is drawn anew there when something is wrong.

    `next` tells the view which page to load afterwards: the one that the link to the form names, or else the one below the dialog.
    """
    here: str = get_next_path(request) or request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]  # set by django_htmx's middleware
    form.helper.form_action = request.path
    form.helper.attrs |= {
        "hx-post": request.path,
        "hx-target": "#dialog-body",
        "hx-sync": "this:drop",
        "hx-disabled-elt": "find [type=submit]",
        "hx-vals": json.dumps({"next": here}),
    }
    return form
