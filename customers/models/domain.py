"""`Domain`: a domain name that an agency looks after for a customer."""

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii, to_unicode
from customers.models import triggers
from customers.models.customer import Customer
from customers.models.dates import sort_date, validate_plausible_date
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.search import SearchQuerySet, search_index, search_text
from partnerportal.core.validators import validate_one_line


class Domain(models.Model):
    """A domain name, at most once in an agency, kept as lower-case A-labels."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="domains")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(_("Domain name"), max_length=253)
    #: How people read it; follows from `name`.
    unicode_name = models.CharField(_("Name in Unicode"), max_length=253, editable=False)
    registrar = models.CharField(_("Registrar"), max_length=120, blank=True, validators=[validate_one_line])
    expires_on = models.DateField(_("Expires on"), null=True, blank=True, validators=[validate_plausible_date])
    auto_renew = models.BooleanField(_("Renews automatically"), default=False)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    sort_date = sort_date("expires_on")
    search_text = search_text("unicode_name", "name")

    objects: ClassVar[SearchQuerySet] = SearchQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        constraints = [
            models.UniqueConstraint(fields=["agency", "name"], name="domain_once_per_agency"),
            models.CheckConstraint(condition=Q(name=Lower("name")) & ~Q(name=""), name="domain_name_is_lower_case"),
            SameParent(field="customer", parent="agency", name="domain_customer_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "sort_date", "id"], name="domain_by_expiry"), search_index("domain_search")]
        triggers = triggers.DOMAIN

    def __str__(self) -> str:
        return self.unicode_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.unicode_name = to_unicode(self.name)
        if "name" in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "unicode_name"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self.name:  # An empty one is the field's own error.
            self.name = to_ascii(self.name)

    def ends_on(self) -> date | None:
        """The day on which it is lost unless somebody does something; None where it renews by itself or no day is known."""
        return None if self.auto_renew else self.expires_on
