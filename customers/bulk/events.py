"""Descriptions of the audit events of bulk actions; each changed customer has an event of its own."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.bulk.actions import ACTIONS
from partnerportal.audit.descriptions import register


def _action(data: dict[str, Any]) -> dict[str, Any]:
    key = data["kind"]
    return {**data, "action": ACTIONS[key].label if key in ACTIONS else key}


register("customers.bulk_changed", _("Bulk action “%(action)s”, customers changed: %(count)s"), icon="check-circle", values=_action)
register("customers.bulk_undone", _("Bulk action “%(action)s” undone, customers: %(count)s"), icon="arrow-uturn-left", values=_action)
