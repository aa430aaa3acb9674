"""Descriptions of audit events about applications."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("application.confirmed", _("Application %(object)s confirmed"), icon="envelope")
register("application.approved", _("Application %(object)s approved"), icon="check-badge")
register("application.rejected", _("Application %(object)s rejected"), icon="x-circle")
