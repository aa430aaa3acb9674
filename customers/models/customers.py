"""`Customer`: a person or company that an agency works for."""

import re
from functools import reduce
from operator import or_
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Right, Upper
from django.utils.translation import gettext_lazy as _

from customers.models import triggers
from customers.models.words import similar_words
from partnerportal.agencies.models import Agency
from partnerportal.core.addresses import address
from partnerportal.core.countries import country_choices, country_name
from partnerportal.core.db_functions import FoldText
from partnerportal.core.email_addresses import address_variants
from partnerportal.core.fields import AddressField, WebsiteField, text_fields
from partnerportal.core.search import SearchQuerySet, fuzzy_threshold, search_index, words
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Number of an agency's first customer, displayed as K-1001.
FIRST_NUMBER = 1001


def _last_digits(field: str) -> Func:
    digits = Func(F(field), Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    return Func(digits, Value("0"), function="ltrim")


class NumberSequence(models.Model):
    """The next customer number of an agency. The row is locked while a number is assigned."""

    agency = models.OneToOneField(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, primary_key=True, related_name="+")
    next_number = models.PositiveIntegerField(_("Next number"), default=FIRST_NUMBER)

    class Meta:
        verbose_name = _("number sequence")
        verbose_name_plural = _("number sequences")

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.next_number}"


class CustomerQuerySet(SearchQuerySet):
    def active(self) -> Self:
        """Return customers that are neither archived nor erased."""
        return self.filter(status="active")

    def not_erased(self) -> Self:
        """Return active and archived customers."""
        return self.exclude(status="erased")

    def fuzzy(self, query: str) -> Self:
        with fuzzy_threshold():
            return self.similar(query)

    def similar(self, query: str) -> Self:
        """Return the rows that contain each word, or one of the agency's words that are most similar to it."""
        # E-mail addresses and domains consist of several words.
        parts = [part for word in words(query) for part in re.split("[@.]", word) if part]
        if not parts:
            return self.none()
        rows = self
        for part, similar in similar_words(self.agency_key, parts).items():
            rows = rows.filter(reduce(or_, (Q(search_text__contains=FoldText(Value(word))) for word in (part, *similar))))
        return rows

    def with_address(self, email: str) -> Self:
        """Return the customers with this e-mail address, in any case and spelling of its domain."""
        return self.filter(reduce(or_, (Q(email__iexact=spelling) for spelling in sorted(address_variants(email)))))


class CustomerStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    ARCHIVED = "archived", _("Archived")
    #: All personal data is removed. The row remains as the author of published reviews.
    ERASED = "erased", _("Erased")


class Customer(models.Model):
    """A person or company that an agency works for."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company")
        PERSON = "person", _("Person")

    Status = CustomerStatus

    class Salutation(models.TextChoices):
        MS = "ms", _("Ms")
        MR = "mr", _("Mr")
        MX = "mx", _("Mx")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="customers")
    number = models.PositiveIntegerField(_("Number"), editable=False)

    kind = models.CharField(_("Kind"), max_length=10, choices=Kind, default=Kind.COMPANY)
    company = models.CharField(_("Company"), max_length=200, blank=True, validators=[validate_one_line])
    salutation = models.CharField(_("Salutation"), max_length=5, choices=Salutation, blank=True)
    first_name = models.CharField(_("First name"), max_length=100, blank=True, validators=[validate_one_line])
    last_name = models.CharField(_("Last name"), max_length=100, blank=True, validators=[validate_one_line])
    email = AddressField(_("E-mail"), blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True, validators=[validate_one_line])
    website = WebsiteField(_("Website"), max_length=300, blank=True)
    street = models.CharField(_("Street"), max_length=200, blank=True, validators=[validate_one_line])
    zip = models.CharField(_("ZIP"), max_length=20, blank=True, validators=[validate_one_line])
    city = models.CharField(_("City"), max_length=120, blank=True, validators=[validate_one_line])
    country = models.CharField(_("Country"), max_length=2, choices=country_choices, blank=True)
    language = models.CharField(
        _("Language"),
        max_length=5,
        choices=settings.LANGUAGES,
        default=settings.LANGUAGE_CODE,
        help_text=_("Used for e-mails to this customer."),
    )
    notes = models.TextField(
        _("Notes"), max_length=10_000, blank=True, validators=[validate_plain_text], help_text=_("Only visible to your team.")
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("Account manager"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The team member who looks after this customer."),
    )
    tags = models.ManyToManyField(
        "customers.Tag", verbose_name=_("Tags"), through="customers.CustomerTag", related_name="customers", blank=True
    )
    #: Values of the agency's custom fields by key. A trigger compares them with the definitions.
    custom_values = models.JSONField(_("Custom fields"), default=dict, db_default=Value({}, models.JSONField()), blank=True, editable=False)
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("Updated"), auto_now=True)
    #: Number of changes; detects edits based on an older version.
    version = models.PositiveIntegerField(default=1, editable=False)

    #: Sort key and searchable text, without accents and case; maintained by `triggers`.
    sort_name = models.TextField(default="", editable=False)
    search_text = models.TextField(default="", editable=False)
    #: The last eight digits of the phone number without leading zeros, or empty below six digits.
    #: Equal for different spellings of a number, such as +49 3581 4410 and (03581) 44 10.
    phone_key = models.GeneratedField(
        expression=Case(When(phone__regex=r"(\d\D*){6}", then=Right(_last_digits("phone"), 8)), default=Value("")),
        output_field=models.CharField(max_length=8),
        db_persist=True,
    )

    objects: ClassVar[CustomerQuerySet] = CustomerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(fields=["agency", "number"], name="customer_number_once_per_agency"),
            models.UniqueConstraint(fields=["id", "agency"], name="customer_same_agency_target"),
            models.CheckConstraint(condition=Q(number__gte=FIRST_NUMBER), name="customer_number_from_1001"),
            models.CheckConstraint(
                condition=Q(status="erased") | Q(kind="person") & ~Q(last_name="") | Q(kind="company") & ~Q(company=""),
                name="customer_has_its_name",
                violation_error_message=_("A person needs a last name; a company needs a company name."),
            ),
            models.CheckConstraint(condition=Q(status__in=CustomerStatus.values), name="customer_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "-number"], name="customer_by_number"),
            models.Index(fields=["agency", "sort_name", "number"], name="customer_by_name", condition=~Q(status="erased")),
            models.Index(F("agency"), Upper("city"), F("number").desc(), name="customer_by_city"),
            models.Index(F("agency"), Upper("email"), name="customer_by_email"),
            models.Index(fields=["agency", "phone_key"], name="customer_by_phone", condition=~Q(phone_key="")),
            search_index("customer_search"),
            GinIndex(OpClass("custom_values", "jsonb_path_ops"), name="customer_by_custom_value"),
        ]
        triggers = triggers.CUSTOMER

    def __str__(self) -> str:
        return f"{self.reference} {self.display_name}"

    def get_absolute_url(self) -> str:
        return address("customers:detail", self.pk)

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.reference

    @property
    def audit_customer(self) -> "Customer":
        """The customer in whose timeline audit events of this object appear."""
        return self

    @property
    def reference(self) -> str:
        """The number as displayed, such as K-1001."""
        return self.reference_of(self.number)

    @staticmethod
    def reference_of(number: int) -> str:
        """Return a customer number as displayed."""
        return f"K-{number}"

    @property
    def person_name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def display_name(self) -> str:
        """The customer's name in lists: the company, or “Last, First”."""
        if self.status == self.Status.ERASED:
            return str(_("Former customer"))
        if self.kind == self.Kind.COMPANY:
            return self.company
        return ", ".join(part for part in (self.last_name, self.first_name) if part)

    @property
    def name_in_text(self) -> str:
        """The customer’s name inside a sentence: the company, or “First Last”."""
        if self.kind == self.Kind.PERSON and self.status != self.Status.ERASED:
            return self.person_name
        return self.display_name

    @property
    def numbered_name(self) -> str:
        """The number with `name_in_text`: “K-1001 Lea Brandt”."""
        return f"{self.reference} {self.name_in_text}"

    @property
    def is_archived(self) -> bool:
        """Whether the customer is archived, so that nothing can be added."""
        return self.status == self.Status.ARCHIVED

    @property
    def country_name(self) -> str:
        """The country in the active language; empty if unknown."""
        return country_name(self.country)

    def erasure_summary(self) -> dict[str, int]:
        """Return the number of rows of each kind that an erasure deletes, and of `reviews` that remain."""
        return {
            "projects": self.projects.filter(review_requests=None).count(),
            "tasks": self.tasks.count(),
            "domains": self.domains.count(),
            "contracts": self.contracts.count(),
            "notes": self.team_notes.count(),
            "access": self.access_invitations.filter(status="connected").count(),
            "open_requests": self.review_requests.pending().count(),
            "reviews": self.review_requests.filter(status="answered").count(),
            "contact_requests": self.contact_requests.count(),
        }


#: Text fields that an erasure empties. The others aren't personal or are maintained by a trigger.
PERSONAL_FIELDS = text_fields(Customer, keep=["kind", "language", "status", "sort_name", "search_text"])

# Added here because it depends on all fields; a new text field requires a migration.
Customer._meta.constraints = [
    *Customer._meta.constraints,
    models.CheckConstraint(
        condition=~Q(status="erased") | Q(**dict.fromkeys(PERSONAL_FIELDS, ""), custom_values={}),
        name="customer_erased_has_nothing_personal",
    ),
]
