"""`Agency`, the tenant: every row that staff can see belongs to one. `Membership`: who works there, and as what.

`TeamInvitation`: who is asked to join.
"""

from typing import ClassVar, Self

import pgtrigger
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.core.email_addresses import address_variants, without_sub_address
from partnerportal.core.pending import EndOfDayField, Pending, PendingQuerySet
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.tokens import LinkTokenGenerator
from partnerportal.core.validators import validate_one_line, validate_time_zone


class Agency(models.Model):
    """A web agency, the tenant of everything."""

    name = models.CharField(_("Name"), max_length=120, validators=[validate_one_line])
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("Time zone"), max_length=64, default=settings.TIME_ZONE, validators=[validate_time_zone])
    second_factor_required = models.BooleanField(
        _("Require two-factor authentication"),
        default=False,
        help_text=_("Everyone on the team must sign in with a second factor. Members without one are asked to set it up first."),
    )
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="agencies")

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.name

    def has_staff_address(self, email: str) -> bool:
        """Whether this e-mail address is one of the agency's own people, their further addresses included (case ignored)."""
        addresses = address_variants(email)
        own = models.Q(user__email__in=addresses) | models.Q(user__emailaddress__email__in=addresses)
        return bool(email.strip()) and self.memberships.filter(own).exists()

    def belongs_to_staff(self, email: str) -> bool:
        """Return whether mail to this address reaches a team member: `has_staff_address` for sub-addresses (`stan+x@…`), too.

        Compared in Python, because PostgreSQL can't encode the domains of the members' addresses.
        """
        if not email.strip():
            return False
        rows = Membership.objects.for_agency(self).values_list("user__email", "user__emailaddress__email")
        return without_sub_address(email) in {without_sub_address(address) for row in rows for address in row if address}


class Role(models.TextChoices):
    """What a member may do; each can all that the ones below it can."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    STAFF = "staff", _("Staff")

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what `other` may."""
        order = [Role.STAFF, Role.MANAGER, Role.OWNER]
        return order.index(self) >= order.index(other)


class Notification(models.TextChoices):
    """Mails that a member may want or not."""

    REQUESTS = "requests", _("New requests")
    ACCESS = "access", _("Access given, changed or revoked by clients")


class MembershipQuerySet(TenantQuerySet["Membership"]):
    def with_second_factor(self) -> Self:
        """Each with `has_second_factor`: whether the person signs in with more than a password or a code."""
        second = Authenticator.objects.filter(user=models.OuterRef("user"), type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
        return self.annotate(has_second_factor=models.Exists(second))

    def owners(self) -> Self:
        """Those who may do everything."""
        return self.filter(role=Role.OWNER)


class Membership(models.Model):
    """One person's place in one agency."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Person"), on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("Role"), max_length=10, choices=Role, default=Role.STAFF)
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)
    #: None: nothing chosen yet, `is_notified_about` goes by the role.
    notices = ArrayField(models.CharField(max_length=10, choices=Notification), verbose_name=_("Notifications"), null=True, blank=True)

    #: Filled by `with_second_factor`.
    has_second_factor: bool

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["agency", "user"], name="membership_once_per_agency"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]
        triggers = [
            # At the transaction's end, so that one may go and another come. The lock makes two who remove each other wait: the later
            # one sees what the earlier one did.
            pgtrigger.Trigger(
                name="an_owner_stays",
                when=pgtrigger.After,
                operation=pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__role="owner"),
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    "PERFORM 1 FROM agencies_agency WHERE id = OLD.agency_id FOR NO KEY UPDATE; "
                    "IF FOUND AND NOT EXISTS "
                    "(SELECT 1 FROM agencies_membership WHERE agency_id = OLD.agency_id AND role = 'owner') THEN "
                    "RAISE EXCEPTION 'Agency % would be left without an owner.', OLD.agency_id "
                    "USING ERRCODE = 'integrity_constraint_violation'; "
                    "END IF; "
                    "RETURN NULL;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.agency} · {self.get_role_display()}"

    def has_role(self, role: Role) -> bool:
        """Whether this member may do what takes `role`."""
        return Role(self.role).includes(role)

    @property
    def lacks_second_factor(self) -> bool:
        """Whether the agency requires one that this person doesn't have; after `with_second_factor`."""
        return self.agency.second_factor_required and not self.has_second_factor

    @property
    def language(self) -> str:
        """In which mails to this member are written: theirs, or else the agency's."""
        return self.user.language or self.agency.language

    def is_notified_about(self, notification: Notification) -> bool:
        """Whether this member is told of such things; unless they chose, news of requests go to owners and managers only."""
        if self.notices is None:
            return notification != Notification.REQUESTS or self.has_role(Role.MANAGER)
        return notification in self.notices

    def set_notification(self, notification: Notification, wanted: bool) -> None:
        """Tell this member of such things from now on, or no longer."""
        if self.is_notified_about(notification) != wanted:
            self.notices = [other for other in Notification if (wanted if other == notification else self.is_notified_about(other))]
            self.save(update_fields=["notices"])


class TeamInvitation(Pending, PersonalLink):
    """Somebody is asked, by a personal link, to work for an agency; only the invited address can accept.

    pending → accepted | withdrawn (by an owner) | expired
    """

    token_generator = LinkTokenGenerator("agencies.team-invitation")
    url_name = "agencies:join"

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        ACCEPTED = "accepted", _("accepted")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="team_invitations")
    email = models.EmailField(_("E-mail"))
    role = models.CharField(_("Role"), max_length=10, choices=Role, default=Role.STAFF)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Invited by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("Invited"), auto_now_add=True)
    mailed_at = models.DateTimeField(_("Sent by e-mail"), default=timezone.now)
    expires_at = EndOfDayField(_("Expires on"))
    answered_at = models.DateTimeField(_("Answered"), null=True, blank=True)

    objects: ClassVar[PendingQuerySet["TeamInvitation"]] = PendingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("team invitation")
        verbose_name_plural = _("team invitations")
        constraints = [
            models.UniqueConstraint(fields=["agency", "email"], condition=Q(status="pending"), name="team_invitation_pending_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="team_invitation_role_is_known"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="team_invitation_email_is_lower_case"),
            models.CheckConstraint(
                condition=Q(status="pending", answered_at=None) | ~Q(status="pending") & Q(answered_at__isnull=False),
                name="team_invitation_answered_has_its_time",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="team_invitation_overdue", condition=Q(status="pending"))]
        triggers = [
            pgtrigger.FSM(
                name="steps",
                field="status",
                transitions=[("pending", "accepted"), ("pending", "withdrawn"), ("pending", "expired")],
            ),
            pgtrigger.Protect(name="begins", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__status="pending")),
            pgtrigger.ReadOnly(name="for_one_address", fields=["agency", "email", "role"]),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.agency}"

    @classmethod
    def term_in_days(cls) -> int:
        return settings.TEAM_INVITATION_DAYS

    def extend(self) -> None:
        """Start the full term again, without saving it; with a new link if the old one can't be recovered."""
        self.replace_lost_link()
        self.mailed_at = timezone.now()
        self.start_term()
