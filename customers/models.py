"""`Customer` and what is assigned to one."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, TenantQuerySet
from partnerportal.constraints import SameParent
from partnerportal.countries import country_choices, country_name
from partnerportal.fields import WebsiteField
from partnerportal.validators import validate_one_line, validate_plain_text

#: The first customer of an agency is K-1001.
FIRST_NUMBER = 1001


class NumberSequence(models.Model):
    """The number that an agency's next customer gets; its row is locked while one is taken."""

    agency = models.OneToOneField(Agency, on_delete=models.CASCADE, primary_key=True, related_name="+")
    next_number = models.PositiveIntegerField(default=FIRST_NUMBER)

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.next_number}"


class Customer(models.Model):
    """A person or company that an agency works for."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company")
        PERSON = "person", _("Person")

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
    email = models.EmailField(_("E-mail"), blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True, validators=[validate_one_line])
    website = WebsiteField(_("Website"), max_length=300, blank=True)
    street = models.CharField(_("Street"), max_length=200, blank=True, validators=[validate_one_line])
    zip = models.CharField(_("ZIP"), max_length=20, blank=True, validators=[validate_one_line])
    city = models.CharField(_("City"), max_length=120, blank=True, validators=[validate_one_line])
    country = models.CharField(_("Country"), max_length=2, choices=country_choices, blank=True)
    language = models.CharField(
        _("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE, help_text=_("For mails to this customer.")
    )
    notes = models.TextField(
        _("Notes"), max_length=10_000, blank=True, validators=[validate_plain_text], help_text=_("Only your team sees them.")
    )
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("Changed"), auto_now=True)

    objects: ClassVar[TenantQuerySet["Customer"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(fields=["agency", "number"], name="customer_number_once_per_agency"),
            models.UniqueConstraint(fields=["id", "agency"], name="customer_same_agency_target"),
            models.CheckConstraint(condition=Q(number__gte=FIRST_NUMBER), name="customer_number_from_1001"),
            models.CheckConstraint(
                condition=Q(kind="person") & ~Q(last_name="") | Q(kind="company") & ~Q(company=""),
                name="customer_has_its_name",
                violation_error_message=_("A person needs a last name, a company a company name."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.display_name}"

    def get_absolute_url(self) -> str:
        return reverse("customers:detail", args=[self.pk])

    @property
    def reference(self) -> str:
        """The number as people say it: K-1001."""
        return f"K-{self.number}"

    @property
    def person_name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def display_name(self) -> str:
        """How lists call the customer: the company, or “Last, First”."""
        if self.kind == self.Kind.COMPANY:
            return self.company
        return ", ".join(part for part in (self.last_name, self.first_name) if part)

    @property
    def country_name(self) -> str:
        """The country in the reader's language; empty when unknown."""
        return country_name(self.country)


class Project(models.Model):
    """A piece of work for a customer; reviews can be asked for one."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        ACTIVE = "active", _("Active")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="projects")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(_("Title"), max_length=200, validators=[validate_one_line])
    description = models.TextField(_("Description"), max_length=10_000, blank=True, validators=[validate_plain_text])
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.PLANNED)
    due_on = models.DateField(_("Due on"), null=True, blank=True)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["Project"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="project_has_a_title"),
            models.CheckConstraint(condition=Q(status__in=["planned", "active", "done", "cancelled"]), name="project_status_is_known"),
            models.UniqueConstraint(fields=["id", "customer"], name="project_same_customer_target"),
            SameParent(field="customer", parent="agency", name="project_customer_same_agency"),
        ]

    def __str__(self) -> str:
        return self.title
