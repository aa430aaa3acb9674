"""Descriptions of audit events about exports and erasures of an address. They belong to no agency, and contain no address."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("address_data.exported", _("Data about an e-mail address exported"), icon="arrow-down-tray")
register("address_data.erasure_started", _("Erasure %(object)s of an e-mail address started"), icon="trash")
register("address_data.erased", _("Erasure %(object)s of an e-mail address completed"), icon="trash")
