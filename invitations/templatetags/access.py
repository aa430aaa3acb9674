"""Template tags for access and its activity."""

from datetime import datetime
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from invitations.events import sentence_for_client
from partnerportal.audit.models import AuditEvent

register = template.Library()


@register.filter
def for_client(event: AuditEvent, agency: Any) -> str:
    """Return the event's description for the client's own pages."""
    return sentence_for_client(event, agency=str(agency))


@register.simple_tag
def ago(value: datetime) -> SafeString:
    """Return the time since a moment in its largest unit: “5 min ago”, “2 h ago”, “3 d ago”."""
    minutes = int((timezone.now() - value).total_seconds() // 60)
    if minutes < 60:
        text = _("%(count)s min ago") % {"count": max(minutes, 1)}
    elif minutes < 60 * 24:
        text = _("%(count)s h ago") % {"count": minutes // 60}
    else:
        text = _("%(count)s d ago") % {"count": minutes // (60 * 24)}
    shown = timezone.localtime(value)
    title = format_date(shown, "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', shown.isoformat(timespec="minutes"), title, text)
