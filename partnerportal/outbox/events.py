"""How this app's audit events read."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register

register("mail.resent", _("An e-mail was sent again (%(object)s)"), icon="arrow-path")
