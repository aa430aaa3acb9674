"""An agency's application to join the network."""

from datetime import date, datetime, timedelta
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerportal.agencies.models import Agency
from partnerportal.core.fields import AddressField, WebsiteField
from partnerportal.core.pending import RESEND_COOLDOWN, day_in, end_of_day_in
from partnerportal.core.personal_links import PersonalLink
from partnerportal.core.tokens import LinkTokenGenerator, hash_token
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Days for which the link in the e-mail confirms an application. After that, an unconfirmed application is deleted.
CONFIRM_DAYS = 7
#: Maximum number of e-mails with the link of one application. Anyone can have them sent to any address.
MAX_LETTERS = 4
#: Columns with the applicant's input, which never changes.
INPUT_FIELDS = ("name", "website", "city", "contact_name", "email", "description", "language")


def end_of_confirmation() -> datetime:
    """Return the time until which an application that arrives now can be confirmed: the end of a day."""
    return end_of_day_in(settings.TIME_ZONE, CONFIRM_DAYS)


class ApplicationStatus(models.TextChoices):
    """Status of an application: unconfirmed → confirmed → approved or rejected."""

    UNCONFIRMED = "unconfirmed", pgettext_lazy("application", "address not confirmed")
    CONFIRMED = "confirmed", pgettext_lazy("application", "awaiting decision")
    APPROVED = "approved", pgettext_lazy("application", "approved")
    REJECTED = "rejected", pgettext_lazy("application", "rejected")


class ApplicationQuerySet(models.QuerySet["AgencyApplication"]):
    """Queryset of applications."""

    def with_token(self, token: str) -> Self:
        """Return the application whose personal link contains the token, if any."""
        return self.filter(token_digest=hash_token(token))

    def awaiting_decision(self) -> Self:
        """Return confirmed applications without a decision, those confirmed first at the top."""
        return self.filter(status=ApplicationStatus.CONFIRMED).order_by("confirmed_at", "pk")

    def past_retention(self) -> Self:
        """Return applications that weren't confirmed in time, and those decided more than `APPLICATION_RETENTION` days ago."""
        now = timezone.now()
        unconfirmed = Q(status=ApplicationStatus.UNCONFIRMED, confirm_until__lte=now)
        return self.filter(unconfirmed | Q(decided_at__lt=now - timedelta(days=settings.APPLICATION_RETENTION)))


class AgencyApplication(PersonalLink):
    """An application with the data of the agency and of its first owner, whose address a personal link confirms."""

    Status = ApplicationStatus
    token_generator = LinkTokenGenerator("network.application")
    url_name = "network:confirm_application"

    name = models.CharField(_("Agency"), max_length=120, validators=[validate_one_line])
    website = WebsiteField(_("Website"), max_length=300)
    city = models.CharField(_("City"), max_length=120, validators=[validate_one_line])
    contact_name = models.CharField(_("Contact name"), max_length=100, validators=[validate_one_line])
    email = AddressField(_("E-mail"))
    description = models.TextField(_("Description"), max_length=2000, validators=[validate_plain_text])
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    #: None if there were no terms at that time.
    terms_agreed_at = models.DateTimeField(_("Agreed to the terms"), null=True, blank=True)
    #: Digest of the form's number and input, so that a double click creates one application.
    submission = models.CharField(max_length=64, unique=True, editable=False)

    status = models.CharField(_("Status"), max_length=12, choices=ApplicationStatus, default=ApplicationStatus.UNCONFIRMED)
    created_at = models.DateTimeField(_("Received"), default=timezone.now)
    confirm_until = models.DateTimeField(_("Can be confirmed until"), default=end_of_confirmation)
    #: Number of e-mails with the link, and time of the last one.
    letters = models.PositiveSmallIntegerField(_("Confirmation e-mails"), default=1)
    mailed_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(_("Address confirmed"), null=True, blank=True)
    decided_at = models.DateTimeField(_("Decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Decided by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(_("Reason for the decision"), max_length=2000, blank=True, validators=[validate_plain_text])
    #: The agency that the approval created.
    agency = models.OneToOneField(
        Agency, verbose_name=_("Created agency"), on_delete=models.CASCADE, null=True, blank=True, related_name="application"
    )

    objects: ClassVar[ApplicationQuerySet] = ApplicationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("agency application")
        verbose_name_plural = _("agency applications")
        constraints = [
            models.CheckConstraint(
                condition=Q(status="unconfirmed", confirmed_at=None) | ~Q(status="unconfirmed") & Q(confirmed_at__isnull=False),
                name="application_confirmed_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["unconfirmed", "confirmed"], decided_at=None)
                | Q(status__in=["approved", "rejected"], decided_at__isnull=False),
                name="application_decided_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(status="approved", agency__isnull=False) | ~Q(status="approved") & Q(agency=None),
                name="application_approved_has_its_agency",
            ),
            models.CheckConstraint(
                condition=Q(status="rejected") & ~Q(reason="") | ~Q(status="rejected") & Q(reason=""),
                name="application_rejected_has_its_reason",
            ),
            models.CheckConstraint(condition=Q(letters__lte=MAX_LETTERS), name="application_letters_are_limited"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(confirmed_at__lte=F("confirm_until")), name="application_confirmed_in_time"
            ),
        ]
        indexes = [
            models.Index(fields=["confirmed_at", "id"], name="application_queue", condition=Q(status="confirmed")),
            models.Index(fields=["confirm_until"], name="application_unconfirmed", condition=Q(status="unconfirmed")),
            models.Index(fields=["decided_at"], name="application_decided", condition=Q(decided_at__isnull=False)),
            models.Index(fields=["email"], name="application_by_email"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="steps",
                field="status",
                transitions=[("unconfirmed", "confirmed"), ("confirmed", "approved"), ("confirmed", "rejected")],
            ),
            pgtrigger.Protect(name="begins", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__status="unconfirmed")),
            pgtrigger.ReadOnly(name="input_never_changes", fields=[*INPUT_FIELDS, "terms_agreed_at", "submission", "created_at"]),
            pgtrigger.Protect(
                name="is_decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__decided_at__isnull=False)
                & (
                    pgtrigger.Q(old__decided_at__df=pgtrigger.F("new__decided_at"))
                    | pgtrigger.Q(old__reason__df=pgtrigger.F("new__reason"))
                    | pgtrigger.Q(old__agency__df=pgtrigger.F("new__agency"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """The object's label in audit events, which outlive the application, without personal data."""
        return f"A-{self.pk}"

    @property
    def is_awaiting_decision(self) -> bool:
        """Whether the address is confirmed and there is no decision."""
        return self.status == ApplicationStatus.CONFIRMED

    @property
    def waiting_time(self) -> timedelta | None:
        """How long the application has been awaiting a decision; None if it isn't."""
        return timezone.now() - self.confirmed_at if self.is_awaiting_decision and self.confirmed_at else None

    @property
    def is_overdue(self) -> bool:
        """Whether the application wasn't confirmed in time."""
        return self.status == ApplicationStatus.UNCONFIRMED and self.confirm_until <= timezone.now()

    @property
    def valid_until(self) -> date:
        """The last day on which the link confirms the application, in the portal's time zone."""
        return day_in(settings.TIME_ZONE, self.confirm_until)

    @property
    def can_be_resent(self) -> bool:
        """Whether another e-mail with the link can be sent."""
        has_cooled_down = timezone.now() - self.mailed_at > RESEND_COOLDOWN
        return self.status == ApplicationStatus.UNCONFIRMED and not self.is_overdue and has_cooled_down and self.letters < MAX_LETTERS
