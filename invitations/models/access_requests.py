"""`AccessRequest`: an agency asks a client for access through a personal link."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from invitations.models.areas import AccessScope
from invitations.models.invitations import MESSAGE_LENGTH, AccessInvitation, _forbid
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.pending import EndOfDayField, Pending, PendingQuerySet
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.tokens import LinkTokenGenerator
from partnerportal.core.validators import validate_plain_text


class AccessRequest(Pending, PersonalLink, AccessScope):
    """An agency asks for access to a customer's things; only the asked address can answer.

    pending → granted | declined (by the client) | withdrawn (by the agency) | expired
    """

    token_generator = LinkTokenGenerator("invitations.access-request")
    url_name = "invitations:access_request"

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        GRANTED = "granted", _("granted")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.RESTRICT, related_name="access_requests")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.RESTRICT, related_name="access_requests")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Requested by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    email = models.EmailField(_("E-mail"), blank=True)
    message = models.TextField(_("Message"), max_length=MESSAGE_LENGTH, blank=True, validators=[validate_plain_text])
    #: What came of it.
    invitation = models.ForeignKey(
        AccessInvitation, verbose_name=_("access invitation"), on_delete=models.RESTRICT, null=True, blank=True, related_name="requests"
    )
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("Requested"), auto_now_add=True)
    mailed_at = models.DateTimeField(_("Sent by e-mail"), default=timezone.now)
    expires_at = EndOfDayField(_("Expires on"))
    answered_at = models.DateTimeField(_("Answered"), null=True, blank=True)

    objects: ClassVar[PendingQuerySet["AccessRequest"]] = PendingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("access request")
        verbose_name_plural = _("access requests")
        indexes = [
            models.Index(fields=["customer", "-id"], name="access_request_of_customer"),
            models.Index(fields=["expires_at"], name="access_request_overdue", condition=Q(status="pending")),
            models.Index(fields=["email"], name="access_request_to", condition=Q(status="pending")),
        ]
        constraints = [
            *AccessScope.Meta.constraints,
            models.UniqueConstraint(fields=["customer", "email"], condition=Q(status="pending"), name="access_request_pending_once"),
            models.CheckConstraint(
                condition=Q(status="granted", invitation__isnull=False) | ~Q(status="granted") & Q(invitation=None),
                name="access_request_granted_has_its_invitation",
            ),
            SameParent(field="customer", parent="agency", name="access_request_customer_same_agency"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="steps",
                field="status",
                transitions=[
                    ("pending", "granted"),
                    ("pending", "declined"),
                    ("pending", "withdrawn"),
                    ("pending", "expired"),
                ],
            ),
            _forbid("begins", pgtrigger.Insert, ~pgtrigger.Q(new__status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.access_label}"

    @property
    def client_name(self) -> str:
        """The address that was asked, for a sentence; empty once the customer is erased."""
        return self.email

    @classmethod
    def term_in_days(cls) -> int:
        return settings.ACCESS_INVITATION_DAYS
