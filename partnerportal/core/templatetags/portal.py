"""Template tags and filters. A builtin library (see the settings), so templates don't have to load it."""

import json
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

from babel.numbers import format_currency
from django import template
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest
from django.template import defaulttags
from django.template.defaultfilters import stringfilter
from django.templatetags.static import static
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _

from partnerportal.core.addresses import AddressNode
from partnerportal.core.language_addresses import fixed_language, language_url
from partnerportal.core.redirects import get_next_path
from partnerportal.core.sizes import file_size
from partnerportal.static_files.icons import FIVE_STARS, SPRITE, existing_icons, symbol_id

register = template.Library()
register.filter("file_size", file_size)


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
    return _rating_text(Decimal(str(value)), get_language())


@lru_cache(maxsize=1024)
def _rating_text(value: Decimal, _language: str) -> str:
    return number_format(value.quantize(Decimal("0.1"), ROUND_HALF_UP), decimal_pos=1)


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
    # Approvals
    "approved": ("good", "check-circle"),
    "changes": ("warn", "pencil-square"),
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
    # Review rounds and what became of their customers
    "preparing": ("accent", "clock"),
    "paused": ("warn", "pause"),
    "waiting": ("accent", "clock"),
    "requested": ("good", "paper-airplane"),
    "excluded": ("calm", "x-circle"),
    "no_email": ("calm", "envelope"),
    "unsubscribed": ("calm", "bell-slash"),
    "own_staff": ("calm", "users"),
    "reviewed": ("calm", "star"),
    "recent": ("calm", "clock"),
    "gone": ("calm", "user"),
    "unmatched": ("calm", "x-mark"),
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
def yes_no(value: object) -> str:
    """Return “Yes” or “No”."""
    return _("Yes") if value else _("No")


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
