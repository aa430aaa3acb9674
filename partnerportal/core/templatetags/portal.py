"""Template tags and filters. A builtin library (see the settings), so templates don't have to load it."""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

from babel.numbers import format_currency
from django import template
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest
from django.template import defaulttags
from django.template.defaultfilters import date as format_date
from django.template.defaultfilters import stringfilter
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _

from partnerportal.core.addresses import AddressNode
from partnerportal.core.language_addresses import fixed_language, language_url
from partnerportal.core.redirects import get_next_path
from partnerportal.static_files.icons import FIVE_STARS, SPRITE, existing_icons, symbol_id

register = template.Library()


@register.tag
def url(parser: Any, token: Any) -> AddressNode:
    """Return the address of a view, like Django's tag."""
    node = defaulttags.url(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)


# --- Icons -------------------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: int = 20, style: str = "outline") -> SafeString:
    """Render a heroicon of `size` pixels, hidden from screen readers, as a reference to the sprite.

    Raise ValueError for an unknown icon.
    """
    return _icon(str(name), int(size), str(style))


@cache
def _icon(name: str, size: int, style: str) -> SafeString:
    if (style, name) not in existing_icons():
        raise ValueError(f"There is no heroicon “{name}” in the style “{style}”")
    return format_html(
        '<svg class="icon" width="{size}" height="{size}" aria-hidden="true"><use href="{sprite}#{id}"/></svg>',
        size=size,
        sprite=static(SPRITE),
        id=symbol_id(name, style),
    )


# --- Ratings -----------------------------------------------------------------------------------------------------------

_RATING_WORDS: dict[int, str | Promise] = {
    1: gettext_lazy("poor"),
    2: gettext_lazy("fair"),
    3: gettext_lazy("average"),
    4: gettext_lazy("good"),
    5: gettext_lazy("excellent"),
}


@register.simple_tag
def stars(value: Decimal | float | None) -> SafeString:
    """Render five stars, filled up to `value` (0–5), with a text for screen readers. Empty for None."""
    return SafeString("") if value is None else _stars(str(value), isinstance(value, int), get_language())


@lru_cache(maxsize=1024)
def _stars(text: str, is_whole: bool, language: str | None) -> SafeString:
    value = Decimal(text)
    exact = min(max(value, Decimal(0)), Decimal(5))
    # Clipped by a nested <svg>, because the content security policy permits no style attributes.
    drawing = format_html(
        '<svg class="stars-drawing" viewBox="0 0 100 20" width="100" height="20" aria-hidden="true" focusable="false">'
        '<use class="stars-empty" href="{stars}" width="100" height="20"/>'
        '<svg width="{width}" height="20"><use class="stars-full" href="{stars}" width="100" height="20"/></svg></svg>',
        stars=f"{static(SPRITE)}#{FIVE_STARS}",
        width=f"{exact * 20:.1f}",
    )
    return format_html(
        '<span class="stars">{}<span class="visually-hidden">{}</span></span>',
        drawing,
        _("%(rating)s of 5") % {"rating": rating(int(text) if is_whole else value)},
    )


@register.filter
def rating(value: Decimal | float | None) -> str:
    """Format a rating: integers unchanged, others with one decimal place (rounded half up)."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return number_format(value)
    return number_format(Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP), decimal_pos=1)


@register.filter
def capped(number: int, limit: int) -> str:
    """Format a number that was counted up to a limit: “12”, “100+”."""
    return number_format(min(number, limit), force_grouping=True) + "+" * (number > limit)


@register.filter
def rating_word(value: int | str) -> str:
    """Return the word for a number of stars (1–5): poor, fair, average, good, excellent."""
    return str(_RATING_WORDS[int(value)])


@register.filter
def rating_label(value: int | str) -> str:
    """Return the screen reader text for a number of stars: “4 of 5, good”."""
    return _("%(rating)s of 5, %(word)s") % {"rating": value, "word": rating_word(value)}


@register.simple_tag
def bar(percent: Decimal | float) -> SafeString:
    """Render a horizontal bar, filled to `percent`. The number must also be displayed as text."""
    width = min(max(float(percent), 0.0), 100.0)
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="bar-rest" width="100" height="8"/><rect class="bar-part" width="{}" height="8"/></svg>',
        f"{width:.1f}",
    )


@register.simple_tag
def column(percent: Decimal | float) -> SafeString:
    """Render a column of a chart, filled to `percent`. The number must also be displayed as text."""
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
    """Render a date in the active language and time zone. Empty for None."""
    if value is None:
        return SafeString("")
    shown = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return _time_element(shown.isoformat()[:10], "DATE_FORMAT", get_language())


@register.simple_tag
def moment(value: datetime | None, short: bool = False) -> SafeString:
    """Render a date with its time, optionally in the `short` format. Empty for None."""
    if value is None:
        return SafeString("")
    shown = timezone.localtime(value) if timezone.is_aware(value) else value
    return _time_element(shown.isoformat(timespec="minutes"), "SHORT_DATETIME_FORMAT" if short else "DATETIME_FORMAT", get_language())


@lru_cache(maxsize=4096)
def _time_element(iso: str, format_name: str, language: str | None) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', iso, _formatted(iso, format_name, language))


@lru_cache(maxsize=4096)
def _formatted(iso: str, format_name: str, language: str | None) -> str:
    # The key is a text, because equal moments in two time zones would be equal keys.
    return format_date(datetime.fromisoformat(iso), format_name)


def day_in_full(value: date) -> str:
    """Return a date in the active language."""
    return _formatted(value.isoformat(), "DATE_FORMAT", get_language())


def moment_text(value: datetime) -> str:
    """Return a date with its time in the active language and time zone."""
    return _formatted(timezone.localtime(value).isoformat(timespec="minutes"), "DATETIME_FORMAT", get_language())


#: Maximum distance of a date displayed as “in 12 days”, in days.
_RELATIVE_DAYS = 60
#: Distance within which dates are highlighted, in days.
_NEAR_DAYS = 7


@register.filter
def days_left(value: date | None) -> int | None:
    """Return the number of days until a date in the active time zone, negative for past dates."""
    return None if value is None else (value - timezone.localdate()).days


@register.simple_tag
def relative_date(value: date | None, calm: bool = False) -> SafeString:
    """Render a future date as “in 12 days”. Past and distant dates are rendered as such.

    Past and near dates are highlighted, unless they need no action (`calm`). Print always shows the date.
    """
    if value is None:
        return SafeString("")
    days = (value - timezone.localdate()).days
    if days < 0:
        passed = pgettext("deadline", "%(date)s") % {"date": format_date(value, "SHORT_DATE_FORMAT")}
        return _relative_element(value, days, passed, calm, get_language())
    return _relative_element(value, days, _in_days(days) if days <= _RELATIVE_DAYS else "", calm, get_language())


@register.simple_tag
def due(value: date | None) -> SafeString:
    """Render a due date as “due tomorrow” or “3 days overdue”. Print always shows the date."""
    return SafeString("") if value is None else _due(value, timezone.localdate(), get_language())


@lru_cache(maxsize=4096)
def _due(value: date, today: date, language: str | None) -> SafeString:
    days = (value - today).days
    if days < 0:
        element = _relative_element(value, days, days_overdue(value), False, language)
        return format_html('<span class="print-only">{} </span>{}', pgettext("task", "due"), element)
    return format_html("{} {}", pgettext("task", "due"), relative_date(value))


def days_overdue(value: date) -> str:
    """Return “3 days overdue” for a past date."""
    days = (timezone.localdate() - value).days
    return ngettext("%(days)d day overdue", "%(days)d days overdue", days) % {"days": days}


@lru_cache(maxsize=4096)
def _relative_element(value: date, days: int, relative: str, calm: bool, language: str | None) -> SafeString:
    shown = format_date(value, "DATE_FORMAT")
    state = "" if calm or days > _NEAR_DAYS else "due-soon" if days >= 0 else "overdue"
    text: str | SafeString = shown if calm else pgettext("deadline", "%(date)s") % {"date": shown}
    if relative:
        text = format_html('<span class="screen-only">{}</span><span class="print-only">{}</span>', relative, text)
    return format_html('<time class="{}" datetime="{}" title="{}">{}</time>', state, value.isoformat(), shown, text)


def _in_days(days: int) -> str:
    words = {0: _("today"), 1: _("tomorrow")}
    return words.get(days) or ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


@register.filter
def duration(span: timedelta | None) -> str:
    """Format a duration in its largest unit: “3 hours”. Empty for None."""
    if span is None:
        return ""
    if span < timedelta(minutes=1):
        return _("less than a minute")
    # The text of longer ones depends on the lengths of the last months.
    return _in_largest_unit(span) if span.days >= 28 else _short_duration(span // timedelta(minutes=1), get_language())


@lru_cache(maxsize=4096)
def _short_duration(minutes: int, language: str | None) -> str:
    return _in_largest_unit(timedelta(minutes=minutes))


def _in_largest_unit(span: timedelta) -> str:
    now = timezone.now()
    return timesince(now - span, now, depth=1)


# --- Money -------------------------------------------------------------------------------------------------------------


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """Format an amount in the active language: €89.00, 89,00 €, CHF 89.00."""
    return _money(amount, currency, get_language())


@lru_cache(maxsize=1024)
def _money(amount: Decimal, currency: str, language: str | None) -> str:
    text: str = format_currency(amount, currency, locale=to_locale(language or "en"))
    # Babel omits the space between a currency code and the amount.
    return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", text)


# --- Addresses ---------------------------------------------------------------------------------------------------------


@register.filter
def display_url(url: str) -> str:
    """Return a URL without its scheme, “www.” and final slash."""
    return re.sub(r"^https?://(www\.)?", "", url).rstrip("/")


@register.simple_tag(takes_context=True)
def public_url(context: dict[str, Any], name: str, *args: Any) -> str:
    """Return the path of a public page, in the language fixed by the current page's path, if any."""
    return language_url(name, *args, language=fixed_language(context.get("request")))


# --- Statuses, people, forms -------------------------------------------------------------------------------------------

#: Color and icon of each status.
_STATUS_STYLES: dict[str, tuple[str, str]] = {
    "open": ("accent", "clock"),
    "answered": ("good", "check-circle"),
    "expired": ("calm", "calendar"),
    "withdrawn": ("calm", "x-circle"),
    "undeliverable": ("danger", "exclamation-triangle"),
    # Reviews and their reports
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
    # Profiles
    "draft": ("calm", "pencil-square"),
    "submitted": ("accent", "clock"),
    "registered": ("good", "check-badge"),
    # Access invitations and access requests
    "pending": ("accent", "clock"),
    "connected": ("good", "check-circle"),
    "rejected": ("calm", "x-circle"),
    "revoked": ("calm", "lock-closed"),
    "disconnected": ("calm", "lock-closed"),
    "granted": ("good", "check-circle"),
    "declined": ("calm", "x-circle"),
    # Imports and their rows
    "uploaded": ("calm", "document-text"),
    "checking": ("accent", "clock"),
    "checked": ("accent", "clipboard-document-check"),
    "importing": ("accent", "clock"),
    "new": ("good", "sparkles"),
    "update": ("good", "arrow-path"),
    "unchanged": ("calm", "check"),
    "twin": ("warn", "users"),
    "existing": ("calm", "users"),
    "duplicate": ("warn", "document-duplicate"),
    "error": ("danger", "exclamation-triangle"),
    "imported": ("good", "check-circle"),
    # Exports
    "running": ("accent", "clock"),
    "ready": ("good", "check-circle"),
    # Bulk actions
    "stopped": ("calm", "stop"),
    "undoing": ("accent", "clock"),
    "undone": ("calm", "arrow-uturn-left"),
    # Contact requests
    "assigned": ("good", "link"),
    "spam": ("danger", "no-symbol"),
    "closed": ("calm", "check"),
}


@register.simple_tag
def status_pill(value: str, label: str | Promise) -> SafeString:
    """Render a status as a pill with color, icon and label. Raise KeyError if `_STATUS_STYLES` lacks it."""
    tone, icon_name = _STATUS_STYLES[str(value)]
    return format_html('<span class="pill pill-{}">{}{}</span>', tone, _icon(icon_name, 16, "micro"), label)


@register.filter(is_safe=True)
@stringfilter
def truncatechars(text: str, length: int) -> str:
    """Shorten a text like Django's filter, which takes longer for a text that fits."""
    return text if len(text) <= length else Truncator(text).chars(length)


@register.filter
def initials(name: str) -> str:
    """Return one or two initials of a name, for use as an avatar."""
    words = [word for word in str(name).split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "–"


@dataclass(frozen=True)
class ErrorLine:
    """One line of the error summary above a form."""

    #: ID of the linked input, or empty.
    anchor: str
    #: Label of the field, or empty.
    label: str
    message: str


@register.filter
def error_summary(form: BaseForm | None) -> list[ErrorLine]:
    """Return all errors of a form, those of the whole form first."""
    if form is None or not form.errors:
        return []
    lines = [ErrorLine("", "", str(error)) for error in form.non_field_errors()]
    for field in form:
        # Groups of radio buttons have no ID, but their first button does.
        anchor = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
        # Labels that contain a link can't be part of another link.
        label = "" if hasattr(field.label, "__html__") else str(field.label)
        # These messages mention their field: “Enter your name.”
        required_message = str(getattr(form, "required_messages", {}).get(field.name, ""))
        lines += [ErrorLine(anchor, "" if error == required_message else label, str(error)) for error in field.errors]
    return lines


@register.simple_tag
def removal_label(item: Model | type[Model]) -> str:
    """Return the label of the button that removes an item, such as “Remove domain”."""
    return _("Remove %(kind)s") % {"kind": item._meta.verbose_name}


@register.filter
def for_dialog(form: Any, request: HttpRequest) -> Any:
    """Let a crispy form in the dialog post to its own page with htmx, and display its errors there.

    The parameter `next` is the page to load afterwards: by default the one below the dialog.
    """
    next_path: str = get_next_path(request) or request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]  # set by django_htmx
    form.helper.form_action = request.path
    form.helper.attrs |= {
        "hx-post": request.path,
        "hx-target": "#dialog-body",
        "hx-sync": "this:drop",
        "hx-disabled-elt": "find [type=submit]",
        "hx-vals": json.dumps({"next": next_path}),
    }
    return form
