"""Access requests, which agencies send to clients with a personal link."""

from datetime import date
from typing import ClassVar, Self

import pgtrigger
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Project
from invitations.models.areas import AccessScope
from invitations.models.invitations import MESSAGE_LENGTH, AccessInvitation
from invitations.models.terms import own_project
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.email_addresses import address_variants
from partnerportal.core.pending import EndOfDayField, Pending, PendingQuerySet, day_in
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.tokens import LinkTokenGenerator
from partnerportal.core.validators import validate_plain_text


class AccessRequestQuerySet(PendingQuerySet["AccessRequest"]):
    def sent_to(self, user: User) -> Self:
        """Return requests to the user's confirmed addresses."""
        confirmed = EmailAddress.objects.filter(user=user, verified=True)
        matches = Q(email__in=confirmed.values("email"))
        if len(variants := address_variants(user.email)) > 1:
            # The agency may have entered the domain in a different spelling than the client.
            matches |= Q(Exists(confirmed.filter(email=user.email)), email__in=variants)
        return self.filter(matches)


class AccessRequest(Pending, PersonalLink, AccessScope):
    """Request for access to a customer's accounts. Only the user with this e-mail address can answer it.

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
    #: The project for which the agency needs access. The client can let access end with it.
    project = models.ForeignKey(Project, verbose_name=_("Project"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    #: The access that the client granted.
    invitation = models.ForeignKey(
        AccessInvitation, verbose_name=_("access invitation"), on_delete=models.RESTRICT, null=True, blank=True, related_name="requests"
    )
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("Requested"), auto_now_add=True)
    mailed_at = models.DateTimeField(_("Sent by e-mail"), default=timezone.now)
    expires_at = EndOfDayField(_("Expires on"))
    answered_at = models.DateTimeField(_("Answered"), null=True, blank=True)

    objects: ClassVar[AccessRequestQuerySet] = AccessRequestQuerySet.as_manager()  # type: ignore[assignment]

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
            models.UniqueConstraint(fields=["id", "invitation"], name="access_request_target"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="steps",
                field="status",
                transitions=[("pending", "granted"), ("pending", "declined"), ("pending", "withdrawn"), ("pending", "expired")],
            ),
            own_project(),
            pgtrigger.Protect(name="begins", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.access_label}"

    @property
    def client_name(self) -> str:
        """The requested address for sentences, empty once the customer is erased."""
        return self.email

    @property
    def today(self) -> date:
        """Today's date in the agency's time zone."""
        return day_in(self.agency.time_zone, timezone.now())

    @classmethod
    def term_in_days(cls) -> int:
        return settings.ACCESS_INVITATION_DAYS
