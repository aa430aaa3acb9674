"""How this app's audit events read."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("mail.resent", _("E-mail resent (%(object)s)"), icon="arrow-path")
