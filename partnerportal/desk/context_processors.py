"""Context processor for the base templates."""

from typing import Any, cast

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from partnerportal.agencies.access import AgencyRequest
from partnerportal.desk.menu import menu_for


def menu(request: HttpRequest) -> dict[str, Any]:
    """Return `menu` and `memberships` for members of an agency. The menu is built only when used."""
    if getattr(request, "membership", None) is None:
        return {}
    staff = cast(AgencyRequest, request)
    return {"menu": SimpleLazyObject(lambda: menu_for(staff)), "memberships": staff.memberships}
