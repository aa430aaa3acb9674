"""Authentication backend that loads members of agencies with their colleagues."""

from typing import Any, cast

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import QuerySet

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.core.compiled import compiled


@compiled
def colleagues(*, user: Any) -> QuerySet[Membership]:
    """Return the memberships of a user and of all others in the same agencies, oldest first."""
    own = Membership.objects.filter(user=user).values("agency")
    memberships = Membership.objects.filter(agency__in=own).with_second_factor().select_related("agency", "user")
    return memberships.order_by("created_at", "pk")


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Backend of allauth, whose users have their `colleagues`, so that the middleware needs no further query."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the active user with this key, if any."""
        memberships = colleagues(user=int(user_id))
        own = (membership.user for membership in memberships if membership.user_id == int(user_id))
        user: Any = next(own, None)
        if user is None:
            user = super().get_user(user_id)
        elif not self.user_can_authenticate(user):
            return None
        if user is not None:
            user.colleagues = memberships  # read by AgencyMiddleware
        return cast("User | None", user)
