"""`Note`: what somebody of the agency wrote down about a customer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_plain_text


class Note(models.Model):
    """A note with its author; only the team sees it."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="notes")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="team_notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Author"), on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("Note"), max_length=10_000, validators=[validate_plain_text])
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["Note"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="note_has_a_text"),
            SameParent(field="customer", parent="agency", name="note_customer_same_agency"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
