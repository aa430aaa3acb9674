"""Descriptions of the audit events of customers' opt-outs."""

from django.utils.translation import gettext_lazy

from partnerportal.audit.descriptions import register

register("deadline_mails.stopped", gettext_lazy("Customer opted out of deadline e-mails"), icon="bell-slash")
register("deadline_mails.allowed", gettext_lazy("Customer opted back in to deadline e-mails"), icon="bell")
