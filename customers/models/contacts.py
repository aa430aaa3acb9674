"""`Contact`: a person at a customer."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import triggers
from customers.models.customers import Customer, Person, phone_key_column, with_address
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.fields import AddressField
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line


class ContactRole(models.TextChoices):
    GENERAL = "general", pgettext_lazy("role of a contact", "General")
    TECHNICAL = "technical", pgettext_lazy("role of a contact", "Technical")
    BILLING = "billing", pgettext_lazy("role of a contact", "Billing")
    DECISION = "decision", pgettext_lazy("role of a contact", "Decision maker")


class ContactQuerySet(TenantQuerySet["Contact"]):
    def in_order(self) -> Self:
        """Sort the primary contact first, and the others in the order in which they were added."""
        return self.order_by("-is_primary", "pk")

    def with_address(self, email: str) -> Self:
        """Return the contacts with this e-mail address, in any case and spelling of its domain."""
        return self.filter(with_address(email))


ContactManager = models.Manager.from_queryset(ContactQuerySet)


class PresentContacts(ContactManager["Contact"]):
    """Contacts that weren't removed."""

    def get_queryset(self) -> ContactQuerySet:
        return ContactQuerySet(self.model, using=self._db).filter(removed_at__isnull=True)


class Contact(Person, models.Model):
    """A person at a customer. Each customer has exactly one primary contact.

    The fields in `triggers.PERSON` of the primary contact are also columns of the customer. Triggers keep
    them equal, so that either can be changed.
    """

    Role = ContactRole

    # Few indexes, because each customer has such a row: `contact_same_customer_target` begins with the customer.
    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="contacts", db_index=False)
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="contacts", db_index=False)
    is_primary = models.BooleanField(_("Primary contact"), default=False, editable=False)
    role = models.CharField(_("Role"), max_length=10, choices=ContactRole, default=ContactRole.GENERAL)
    salutation = models.CharField(_("Salutation"), max_length=5, choices=Customer.Salutation, blank=True)
    first_name = models.CharField(_("First name"), max_length=100, blank=True, validators=[validate_one_line])
    last_name = models.CharField(_("Last name"), max_length=100, blank=True, validators=[validate_one_line])
    email = AddressField(_("E-mail"), blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True, validators=[validate_one_line])
    language = models.CharField(
        _("Language"),
        max_length=5,
        choices=settings.LANGUAGES,
        default=settings.LANGUAGE_CODE,
        help_text=_("Used for e-mails to this person."),
    )
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    #: When the contact was removed. The row is kept for a day, so that this can be undone.
    removed_at = models.DateTimeField(_("Removed"), null=True, editable=False)
    phone_key = phone_key_column()

    objects = PresentContacts()
    #: Also contains removed contacts.
    with_removed = ContactManager()

    class Meta:
        verbose_name = pgettext_lazy("person", "contact")
        verbose_name_plural = pgettext_lazy("person", "contacts")
        constraints = [
            models.UniqueConstraint(fields=["customer", "id"], name="contact_same_customer_target"),
            models.UniqueConstraint(fields=["customer"], condition=Q(is_primary=True), name="contact_primary_once"),
            models.CheckConstraint(condition=Q(role__in=ContactRole.values), name="contact_role_is_known"),
            models.CheckConstraint(
                condition=Q(is_primary=True) | ~Q(first_name="") | ~Q(last_name="") | ~Q(email="") | ~Q(phone=""),
                name="contact_says_something",
                violation_error_message=_("Enter a name, an e-mail address or a phone number."),
            ),
            models.CheckConstraint(condition=Q(is_primary=False) | Q(removed_at__isnull=True), name="contact_primary_is_not_removed"),
            SameParent(field="customer", parent="agency", name="contact_customer_same_agency"),
        ]
        indexes = [
            # Not led by the agency, because `agency.customers` filters only its customers by it.
            models.Index(Upper("email"), F("agency"), name="contact_by_email"),
            models.Index(fields=["phone_key", "agency"], name="contact_by_phone", condition=~Q(phone_key="")),
        ]
        triggers = triggers.CONTACT

    def __str__(self) -> str:
        return self.person_name or self.email or self.phone
