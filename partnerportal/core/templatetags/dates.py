"""Template tags and filters for dates and durations. A builtin library, like `portal`."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def day(value: date | datetime | None, short: bool = False) -> SafeString:
    """Render a date in the active language and time zone, optionally in the `short` format. Empty for None."""
    if value is None:
        return SafeString("")
    shown = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return _time_element(shown.isoformat()[:10], "SHORT_DATE_FORMAT" if short else "DATE_FORMAT", get_language())


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


@register.filter
def iso(value: date | None) -> str:
    """Return a date in ISO format. Empty for None."""
    return value.isoformat() if value else ""


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
