"""The people to whom a customer can be assigned."""

from typing import Any

from django.db.models import QuerySet

from partnerportal.accounts.models import User
from partnerportal.core.compiled import compiled


@compiled
def members_of(*, agency: Any) -> QuerySet[User]:
    """Return the members of an agency with their names, by name."""
    return User.objects.filter(agencies=agency).order_by("full_name", "email").only("full_name", "email")
