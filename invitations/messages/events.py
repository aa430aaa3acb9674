"""Descriptions of audit events about messages. They don't contain the text."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("message.sent", _("Message sent to the client"), icon="chat-bubble-left-right")
register("message.received", _("Client sent a message"), icon="chat-bubble-left-right")
