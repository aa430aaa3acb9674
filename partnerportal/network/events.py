"""How this app's audit events read."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register

register("profile.submitted", _("The partner profile was submitted"), icon="paper-airplane")
register("profile.registered", _("The partner profile was registered"), icon="check-badge")
register("profile.declined", _("The partner profile was declined"), icon="x-circle")
