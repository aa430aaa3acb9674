"""Agencies, the tenants of the portal: their members, roles and team invitations."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, Self

import pgtrigger
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.queries import SECOND_FACTORS
from partnerportal.agencies.models.notifications import DIGEST_HOUR, WORKING_DAYS, Mode, Notification, NotificationChoice
from partnerportal.core.email_addresses import address_variants, without_sub_address
from partnerportal.core.pending import EndOfDayField, Pending, PendingQuerySet
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.tokens import LinkTokenGenerator
from partnerportal.core.validators import validate_one_line, validate_time_zone


class SetupStep(models.TextChoices):
    """Steps with which a new agency starts."""

    PROFILE = "profile", _("Complete your profile")
    CUSTOMERS = "customers", _("Add your first customer")
    TEAM = "team", _("Invite your team")
    REVIEW = "review", _("Request your first review")


class Agency(models.Model):
    """A web agency. Every row that its staff can see belongs to it."""

    name = models.CharField(_("Name"), max_length=120, validators=[validate_one_line])
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("Time zone"), max_length=64, default=settings.TIME_ZONE, validators=[validate_time_zone])
    second_factor_required = models.BooleanField(
        _("Require two-factor authentication"),
        default=False,
        help_text=_("Everyone on the team must sign in with a second factor. Members without one are asked to set it up first."),
    )
    #: Setup steps that the dashboard no longer shows.
    dismissed_setup_steps = ArrayField(
        models.CharField(max_length=10, choices=SetupStep),
        verbose_name=_("Dismissed setup steps"),
        default=list,
        blank=True,
        editable=False,
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
        """The object's label in audit events, without personal data."""
        return self.name

    def has_staff_address(self, email: str) -> bool:
        """Return whether this is an address of a team member, including secondary addresses."""
        addresses = address_variants(email)
        own = Q(user__email__in=addresses) | Q(user__emailaddress__email__in=addresses)
        return bool(email.strip()) and self.memberships.filter(own).exists()

    def belongs_to_staff(self, email: str, *, members: "Iterable[Membership] | None" = None) -> bool:
        """Return whether e-mail to this address, or its sub-address (`stan+x@…`), reaches a team member.

        Addresses are compared in Python, because PostgreSQL can't encode international domains. All `members` can be
        given if they are loaded already.
        """
        if not email.strip():
            return False
        if members is None:
            addresses = {address for row in _staff_addresses(agency=self.pk) for address in row if address}
        else:
            addresses = {address for member in members for address in (member.user.email, *member.other_addresses)}
        return without_sub_address(email) in {without_sub_address(address) for address in addresses}


class Role(models.TextChoices):
    """Roles of agency members, most privileged first. Each includes the roles below it."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    STAFF = "staff", _("Staff")

    @property
    def rank(self) -> int:
        """Position among all roles. 0 is the most privileged."""
        return list(Role).index(self)

    @property
    def description(self) -> Promise:
        """Permissions of the role, as shown where a role is chosen."""
        return ROLE_DESCRIPTIONS[self]

    def includes(self, other: "Role") -> bool:
        """Return whether this role has all permissions of `other`."""
        return self.rank <= other.rank


ROLE_DESCRIPTIONS: dict[Role, Promise] = {
    Role.OWNER: _("Everything, including the team and erasing customers."),
    Role.MANAGER: _("Everything staff can do, plus the profile, replying to reviews, and import and export."),
    Role.STAFF: _("Day-to-day work: customers, requests, invitations, tasks and requesting reviews."),
}


class MembershipQuerySet(TenantQuerySet["Membership"]):
    def with_second_factor(self) -> Self:
        """Annotate `has_second_factor`. Recovery codes alone don't count."""
        factors = Authenticator.objects.filter(user=models.OuterRef("user"), type__in=SECOND_FACTORS)
        return self.annotate(has_second_factor=models.Exists(factors))

    def with_notification_modes(self) -> Self:
        """Annotate `chosen_modes`, so that the members' notifications need no further queries."""
        modes = models.Aggregate("kind", "mode", function="jsonb_object_agg", output_field=models.JSONField())
        choices = NotificationChoice.objects.filter(membership=models.OuterRef("pk")).values("membership").annotate(modes=modes)
        return self.annotate(chosen_modes=models.Subquery(choices.values("modes")))

    def with_addresses(self) -> Self:
        """Annotate `other_addresses`: all addresses of the account."""
        addresses = EmailAddress.objects.filter(user=models.OuterRef("user")).values("email")
        return self.annotate(other_addresses=ArraySubquery(addresses))

    def with_role(self, role: Role) -> Self:
        """Return members whose role includes `role`."""
        return self.filter(role__in=[other for other in Role if other.includes(role)])

    def owners(self) -> Self:
        return self.filter(role=Role.OWNER)


def default_digest_days() -> list[int]:
    """Return the days on which members receive the digest until they choose others."""
    return list(WORKING_DAYS)


class Membership(models.Model):
    """A user's membership in an agency."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Person"), on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("Role"), max_length=10, choices=Role, default=Role.STAFF)
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)
    wants_digest = models.BooleanField(_("Daily digest"), default=True)
    #: Local hour at which the digest is sent.
    digest_hour = models.PositiveSmallIntegerField(_("Time"), default=DIGEST_HOUR)
    #: ISO weekdays on which the digest is sent.
    digest_days = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("Days"), default=default_digest_days)
    #: No digest is sent that was due before this: before the member joined or chose the time.
    digest_from = models.DateTimeField(default=timezone.now, editable=False)

    #: Annotated by `with_second_factor()`.
    has_second_factor: bool
    #: Annotated by `with_addresses()`.
    other_addresses: list[str]

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["agency", "user"], name="membership_once_per_agency"),
            models.UniqueConstraint(fields=["id", "agency"], name="membership_agency_target"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
            models.CheckConstraint(condition=Q(digest_hour__lte=23), name="membership_digest_hour_exists"),
            models.CheckConstraint(
                condition=Q(digest_days__contained_by=[1, 2, 3, 4, 5, 6, 7], digest_days__len__lte=7), name="membership_digest_days_exist"
            ),
        ]
        triggers = [
            # Deferred, so that a transaction can replace the last owner. The lock serializes concurrent removals.
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
        """Return whether the member's role includes `role`."""
        return Role(self.role).includes(role)

    @property
    def is_manager(self) -> bool:
        """Whether the member's role includes that of a manager."""
        return self.has_role(Role.MANAGER)

    @property
    def lacks_second_factor(self) -> bool:
        """Whether the member lacks a required second factor. Needs `with_second_factor()`."""
        return self.agency.second_factor_required and not self.has_second_factor

    @property
    def language(self) -> str:
        """Language of e-mails to the member."""
        return self.user.language or self.agency.language

    @property
    def time_zone(self) -> str:
        """Time zone of the member's dates."""
        return self.user.time_zone or self.agency.time_zone

    @cached_property
    def chosen_modes(self) -> dict[str, str] | None:
        """The chosen modes by kind. Annotated by `with_notification_modes()`."""
        return dict(self.notification_choices.values_list("kind", "mode"))

    def chosen_mode(self, kind: Notification) -> Mode:
        """Return the member's choice for this kind of notification, or the default of their role."""
        return Mode((self.chosen_modes or {}).get(kind) or kind.default_mode(is_manager=self.is_manager))

    def notification_mode(self, *kinds: Notification) -> Mode:
        """Return when the member is notified of an event. If it is of several kinds, the most urgent choice applies."""
        mode = min((self.chosen_mode(kind) for kind in kinds), key=lambda mode: mode.urgency)
        return Mode.OFF if mode == Mode.DIGEST and not self.wants_digest else mode

    def is_notified_about(self, *kinds: Notification, mode: Mode = Mode.NOW) -> bool:
        """Return whether the member is notified of these events in this way."""
        return self.notification_mode(*kinds) == mode

    def set_notification(self, kind: Notification, mode: Mode) -> None:
        """Choose when the member is notified of these events."""
        if self.chosen_mode(kind) != mode:
            choice = NotificationChoice(membership=self, kind=kind, mode=mode)
            NotificationChoice.objects.bulk_create(
                [choice], update_conflicts=True, unique_fields=["membership", "kind"], update_fields=["mode"]
            )
            self.chosen_modes = (self.chosen_modes or {}) | {kind.value: mode.value}


def _staff_addresses(*, agency: Any) -> QuerySet[Membership, Any]:
    """Return the addresses of each member: that of the account, and another one."""
    return Membership.objects.filter(agency=agency).values_list("user__email", "user__emailaddress__email")


class TeamInvitation(Pending, PersonalLink):
    """An invitation to join an agency by a personal link that only the invited address can use.

    Transitions: pending → accepted, withdrawn or expired.
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
        """Restart the full term without saving it, and replace the link if it can't be recovered."""
        self.replace_lost_link()
        self.mailed_at = timezone.now()
        self.start_term()

    def close(self, status: Status) -> None:
        """Save the final status."""
        self.status, self.answered_at = status, timezone.now()
        self.save(update_fields=["status", "answered_at"])
