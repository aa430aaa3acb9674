"""Access invitations, with which clients give agencies access."""

from datetime import date
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_unicode
from customers.models import Customer
from invitations.models.areas import AccessScope
from invitations.models.terms import CLOSED_PROJECT, OPEN_PROJECT, LimitedAccess, Term, own_project, today_there
from invitations.models.triggers import DELETES_CREDENTIALS
from partnerportal.agencies.models import Agency
from partnerportal.core.addresses import address
from partnerportal.core.constraints import SameParent
from partnerportal.core.countries import country_choices, country_name
from partnerportal.core.pending import EndOfDayField, Pending, PendingQuerySet, day_in
from partnerportal.core.search import SearchQuerySet, search_index, search_text
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Maximum length of a message between client and agency, in characters.
MESSAGE_LENGTH = 5000


class AccessInvitationQuerySet(SearchQuerySet, PendingQuerySet["AccessInvitation"]):  # type: ignore[override]
    def connected(self) -> Self:
        """Return invitations that give access now. It ends with its last day, even if no task has ended it yet."""
        return self.not_ended().filter(Q(ends_on=None) | Q(ends_on__gte=today_there()))

    def not_ended(self) -> Self:
        """Return invitations that are stored as connected."""
        return self.filter(status=AccessInvitation.Status.CONNECTED)

    def past_end(self) -> Self:
        """Return invitations whose last day has passed, but that are still stored as connected."""
        return self.not_ended().filter(ends_on__lt=today_there())

    def with_closed_project(self) -> Self:
        """Return invitations without a date whose project was completed, cancelled or deleted."""
        return self.not_ended().filter(CLOSED_PROJECT, term=Term.PROJECT, ends_on=None)

    def with_reopened_project(self) -> Self:
        """Return invitations that end because of their project, which is open again."""
        return self.not_ended().filter(OPEN_PROJECT, term=Term.PROJECT, ends_on__isnull=False)

    def visible(self) -> Self:
        """Return invitations that staff can see: those of erased customers are excluded."""
        return self.exclude(customer__status=Customer.Status.ERASED)


class AccessInvitation(Pending, LimitedAccess, AccessScope):
    """Access that a client offers an agency, or has given it.

    pending → connected → revoked (by the client) | disconnected (by the agency or an admin, or after the last day)
    pending → rejected (by the agency) | withdrawn (by the client) | expired
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        CONNECTED = "connected", _("connected")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")
        REVOKED = "revoked", _("revoked")
        DISCONNECTED = "disconnected", _("ended")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.RESTRICT, related_name="access_invitations")
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Client"), on_delete=models.RESTRICT, related_name="access_invitations"
    )
    #: The connected customer. Never changes once set, except that access moves when the customer is merged into another one.
    customer = models.ForeignKey(
        Customer, verbose_name=_("Customer"), on_delete=models.RESTRICT, null=True, blank=True, related_name="access_invitations"
    )

    name = models.CharField(_("Name"), max_length=150, blank=True, validators=[validate_one_line])
    company = models.CharField(_("Company"), max_length=200, blank=True, validators=[validate_one_line])
    phone = models.CharField(_("Phone"), max_length=40, blank=True, validators=[validate_one_line])
    street = models.CharField(_("Street"), max_length=200, blank=True, validators=[validate_one_line])
    zip = models.CharField(_("ZIP"), max_length=20, blank=True, validators=[validate_one_line])
    city = models.CharField(_("City"), max_length=120, blank=True, validators=[validate_one_line])
    country = models.CharField(_("Country"), max_length=2, choices=country_choices, blank=True)
    #: Domains to assign to the customer, as lower-case A-labels.
    domains = ArrayField(models.CharField(max_length=253), verbose_name=_("Domains"), default=list, blank=True)
    message = models.TextField(_("Message"), max_length=MESSAGE_LENGTH, blank=True, validators=[validate_plain_text])
    #: Language of e-mails to the client.
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)

    status = models.CharField(_("Status"), max_length=12, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("Received"), auto_now_add=True)
    expires_at = EndOfDayField(_("Expires on"))
    connected_at = models.DateTimeField(_("Connected"), null=True, blank=True)
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Connected by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(_("Ended"), null=True, blank=True)
    #: Message to the client from the agency or admin that rejected the invitation or ended the access.
    reason = models.TextField(_("Reason"), max_length=MESSAGE_LENGTH, blank=True, validators=[validate_plain_text])

    search_text = search_text("company", "name")

    objects: ClassVar[AccessInvitationQuerySet] = AccessInvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("access invitation")
        verbose_name_plural = _("access invitations")
        indexes = [
            models.Index(fields=["agency", "status", "-id"], name="invitation_of_agency"),
            models.Index(fields=["expires_at"], name="invitation_overdue", condition=Q(status="pending")),
            models.Index(fields=["agency", "ends_on"], name="invitation_by_end", condition=Q(status="connected", ends_on__isnull=False)),
            # For the task, which ends access to all agencies.
            models.Index(fields=["ends_on"], name="invitation_past_end", condition=Q(status="connected", ends_on__isnull=False)),
            search_index("invitation_search"),
        ]
        constraints = [
            *AccessScope.Meta.constraints,
            *LimitedAccess.Meta.constraints,
            models.UniqueConstraint(fields=["agency", "client"], condition=Q(status="pending"), name="invitation_pending_once"),
            models.UniqueConstraint(fields=["customer", "client"], condition=Q(status="connected"), name="invitation_connected_once"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "rejected", "withdrawn", "expired"], customer=None, connected_at=None)
                | Q(status__in=["connected", "revoked", "disconnected"], customer__isnull=False, connected_at__isnull=False),
                name="invitation_connected_has_its_customer",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "connected"], ended_at=None)
                | ~Q(status__in=["pending", "connected"]) & Q(ended_at__isnull=False),
                name="invitation_ended_has_its_time",
            ),
            SameParent(field="customer", parent="agency", name="invitation_customer_same_agency"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="steps",
                field="status",
                transitions=[
                    ("pending", "connected"),
                    ("pending", "rejected"),
                    ("pending", "withdrawn"),
                    ("pending", "expired"),
                    ("connected", "revoked"),
                    ("connected", "disconnected"),
                ],
            ),
            pgtrigger.Protect(name="begins", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__status__in=["pending", "connected"])),
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete),
            own_project(),
            pgtrigger.Trigger(
                name="from_an_open_account",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                # The lock waits for an account that is being closed, and then finds it closed.
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    """
                    PERFORM 1 FROM accounts_user WHERE id = NEW.client_id AND is_active FOR KEY SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'pgtrigger: Cannot insert access of a closed account';
                    END IF;
                    RETURN NEW;
                    """
                ),
            ),
            pgtrigger.ReadOnly(name="between_the_same_two", fields=["agency", "client"]),
            pgtrigger.Trigger(
                name="customer_for_good",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__customer__isnull=False) & pgtrigger.Q(old__customer__df=pgtrigger.F("new__customer")),
                # Access that isn't ended moves with a merge of the two customers, and back.
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    """
                    IF OLD.status = 'connected' AND NEW.status = 'connected' AND EXISTS (
                        SELECT 1 FROM customers_customer WHERE id = OLD.customer_id AND merged_into_id = NEW.customer_id
                        OR id = NEW.customer_id AND merged_into_id = OLD.customer_id
                    ) THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'pgtrigger: Cannot update rows from invitations_accessinvitation table';
                    """
                ),
            ),
            pgtrigger.Protect(
                name="ended_is_ended",
                operation=pgtrigger.Update,
                condition=(pgtrigger.Q(old__scope__df=pgtrigger.F("new__scope")) | pgtrigger.Q(old__areas__df=pgtrigger.F("new__areas")))
                & ~pgtrigger.Q(old__status__in=["pending", "connected"]),
            ),
            DELETES_CREDENTIALS,
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def audit_label(self) -> str:
        """Label in audit events, without personal data."""
        return self.customer.reference if self.customer else f"#{self.pk}"

    def get_absolute_url(self) -> str:
        """Return the page for staff. The client's page is `invitations:access_detail`."""
        return address("invitations:detail", self.pk)

    @property
    def display_name(self) -> str:
        """Display name for lists: the client's company or name."""
        return self.company or self.name or str(_("Former customer"))

    @property
    def person_name(self) -> str:
        """Display name among the clients of one customer, who share its company."""
        return self.client_name or self.display_name

    @property
    def client_name(self) -> str:
        """The client's name for sentences, empty once the customer is erased."""
        return self.name or self.company

    @property
    def stated_name(self) -> str:
        """The client's name, empty if it is unknown. Then their address can stand in its place, which only the agency may see."""
        return "" if "@" in self.name else self.name

    @property
    def name_for_others(self) -> str:
        """The name that the customer's other clients see."""
        return self.stated_name or self.company or str(_("Client"))

    @classmethod
    def term_in_days(cls) -> int:
        return settings.ACCESS_INVITATION_DAYS

    @property
    def current_status(self) -> str:
        """The current status. Access past its last day has ended, even if that isn't stored yet."""
        if self.status == self.Status.CONNECTED and self.is_past_end:
            return str(self.Status.DISCONNECTED)
        return super().current_status

    @property
    def last_day(self) -> date | None:
        """The day on which the invitation or its access ended, in the agency's time zone."""
        return day_in(self.agency.time_zone, self.ended_at) if self.ended_at else self.ends_on

    @property
    def is_closed(self) -> bool:
        """Whether the invitation allows no further transition."""
        return self.current_status not in {self.Status.PENDING, self.Status.CONNECTED}

    @property
    def country_name(self) -> str:
        """The country in the user's language, empty if unknown."""
        return country_name(self.country)

    @property
    def domain_names(self) -> list[str]:
        """The domains in Unicode."""
        return [to_unicode(name) for name in self.domains]

    def customer_fields(self) -> dict[str, Any]:
        """Return the client's details as initial values of a customer.

        The last word of the name becomes the last name.
        """
        first_name, _space, last_name = self.name.rpartition(" ")
        return {
            "kind": Customer.Kind.COMPANY if self.company else Customer.Kind.PERSON,
            "company": self.company,
            "first_name": first_name[:100],
            "last_name": last_name[:100],
            "email": self.client.email,
            "language": self.language,
            **{name: getattr(self, name) for name in ("phone", "street", "zip", "city", "country")},
        }
