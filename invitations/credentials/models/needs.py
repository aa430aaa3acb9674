"""What an agency needs from one client."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invitations.credentials.models.templates import NeedFields
from invitations.models.access_requests import AccessRequest
from invitations.models.areas import Area
from invitations.models.invitations import AccessInvitation
from partnerportal.core.constraints import SameParent


class AccessNeed(NeedFields):
    """A copy of an entry of the agency's list, kept with an access request and with the access granted with it."""

    access_request = models.ForeignKey(
        AccessRequest, verbose_name=_("access request"), on_delete=models.CASCADE, null=True, blank=True, related_name="needs"
    )
    #: The access; None until the access request is granted.
    invitation = models.ForeignKey(
        AccessInvitation, verbose_name=_("access invitation"), on_delete=models.CASCADE, null=True, blank=True, related_name="needs"
    )
    created_at = models.DateTimeField(_("Requested"), auto_now_add=True)
    #: When the client confirmed that they have invited the agency as a user.
    invited_at = models.DateTimeField(_("Invited as a user"), null=True, blank=True)

    objects: ClassVar[models.Manager["AccessNeed"]] = models.Manager()

    class Meta:
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="need_has_a_name"),
            models.CheckConstraint(condition=Q(area__in=Area.values), name="need_area_is_known"),
            models.CheckConstraint(
                condition=Q(access_request__isnull=False) | Q(invitation__isnull=False), name="need_belongs_to_a_request_or_access"
            ),
            models.CheckConstraint(condition=Q(invited_at=None) | Q(invitation__isnull=False), name="need_invited_has_its_access"),
            SameParent(field="access_request", parent="invitation", name="need_access_of_its_request"),
            models.UniqueConstraint(fields=["id", "invitation"], name="need_invitation_target"),
            models.UniqueConstraint(fields=["id", "area"], name="need_area_target"),
        ]

    @property
    def is_covered(self) -> bool:
        """Whether the access includes the area."""
        return self.invitation is not None and self.invitation.covers(self.area)

    @property
    def current(self) -> Any:
        """The credential that can be revealed, if there is one. Pages prefetch all of them."""
        return next((credential for credential in self.credentials.all() if credential.deleted_at is None), None)

    @property
    def is_open(self) -> bool:
        """Whether the client has neither invited the agency nor handed over a credential."""
        return self.invited_at is None and self.current is None
