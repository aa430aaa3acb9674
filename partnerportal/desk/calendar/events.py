"""Descriptions of audit events of calendar feeds."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("calendar.created", _("Calendar feed of %(object)s created"), icon="calendar-days")
register("calendar.changed", _("Contents of the calendar feed of %(object)s changed"), icon="calendar-days")
register("calendar.replaced", _("Link of the calendar feed of %(object)s replaced"), icon="arrow-path")
register("calendar.ended", _("Calendar feed of %(object)s turned off"), icon="x-circle")
