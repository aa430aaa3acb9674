"""Template tags for the start page of the Django admin."""

from django import template

from partnerportal.accounts.models import User
from partnerportal.desk import admin_home

register = template.Library()


@register.simple_tag
def work_lists(user: User) -> list[admin_home.WorkList]:
    """Return what needs a decision or help, as far as this administrator has permission for it."""
    return admin_home.work_lists(user)


@register.simple_tag
def network_months(user: User) -> admin_home.NetworkMonths | None:
    """Return the figures of the network; None without the permission to view agencies."""
    return admin_home.network_months() if user.has_perm("agencies.view_agency") else None
