"""Descriptions of audit events of the team, whose object is the agency."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Role
from partnerportal.audit.descriptions import register


def _role(data: dict[str, Any]) -> dict[str, Any]:
    """Return the label of the role in the reader's language."""
    return {"role": Role(data["role"]).label}


register("team.invited", _("%(object)s invited (role: %(role)s)"), icon="envelope", values=_role)
register("team.invited_again", _("Invitation to %(object)s resent"), icon="envelope")
register("team.invitation_withdrawn", _("Invitation to %(object)s withdrawn"), icon="x-circle")
register("team.invitation_expired", _("Invitation to %(object)s expired"), icon="clock")
register("team.joined", _("%(object)s joined (role: %(role)s)"), icon="user-plus", values=_role)
register("team.role_changed", _("Role of %(object)s changed to %(role)s"), icon="identification", values=_role)
register("team.removed", _("%(object)s removed from the team"), icon="user-minus")
register("team.left", _("%(object)s left the team"), icon="arrow-right-start-on-rectangle")
register("team.handed_over", _("Ownership transferred to %(object)s"), icon="arrows-right-left")
register("team.second_factor_required", _("Two-factor authentication required for the team"), icon="shield-check")
register("team.second_factor_optional", _("Two-factor authentication no longer required for the team"), icon="shield-exclamation")
