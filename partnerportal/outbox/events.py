"""Descriptions of this app’s audit events."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("mail.resent", _("E-mail resent (%(object)s)"), icon="arrow-path")
register("mail.seen", _("Failed e-mail marked as seen (%(object)s)"), icon="eye")
register("mail.unseen", _("Failed e-mail marked as not seen (%(object)s)"), icon="eye-slash")
