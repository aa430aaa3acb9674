"""Descriptions of audit events about clients' accounts. They belong to no agency, and contain no address."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("account.data_requested", _("Download of personal data requested"), icon="arrow-down-tray")
register("account.data_downloaded", _("Personal data downloaded"), icon="arrow-down-tray")
register("account.address_changed", _("E-mail address of the account changed"), icon="envelope")
register("account.closed", _("Account closed"), icon="x-circle")
register(
    "access_request.moved",
    _("Client changed their e-mail address; the access request moved with it"),
    icon="envelope",
    named=_("Access request moved to the client’s new address %(item)s"),
)
