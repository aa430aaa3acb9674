"""`Tag`: a word of an agency that groups its customers, and `CustomerTag`: that a customer has it."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from customers.models import triggers
from customers.models.customers import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import is_blank, validate_one_line

#: Maximum number of tags of an agency; a trigger enforces it.
MAX_TAGS = triggers.MAX_TAGS
#: Characters that separate names in one text, such as a cell of an import.
SEPARATORS = ",;"


def validate_tag_name(name: str) -> None:
    """Raise ValidationError if a name contains what separates names."""
    if any(char in name for char in SEPARATORS):
        raise ValidationError(_("The name of a tag can’t contain a comma or a semicolon."), "separator")


class TagColor(models.TextChoices):
    GREY = "grey", _("Grey")
    BROWN = "brown", _("Brown")
    ORANGE = "orange", _("Orange")
    OLIVE = "olive", _("Olive")
    TEAL = "teal", _("Teal")
    BLUE = "blue", _("Blue")
    VIOLET = "violet", _("Violet")
    PINK = "pink", _("Pink")


class Tag(models.Model):
    """A word of an agency that groups its customers."""

    Color = TagColor

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(_("Name"), max_length=40, validators=[validate_one_line, validate_tag_name])
    color = models.CharField(_("Color"), max_length=10, choices=TagColor, default=TagColor.GREY)

    objects: ClassVar[TenantQuerySet["Tag"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            models.UniqueConstraint(F("agency"), Upper("name"), name="tag_once_per_agency"),
            models.UniqueConstraint(fields=["id", "agency"], name="tag_same_agency_target"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(name__regex=f"[{SEPARATORS}]"), name="tag_name_has_no_separator"),
            models.CheckConstraint(condition=Q(color__in=TagColor.values), name="tag_color_is_known"),
        ]
        triggers = triggers.TAG

    def __str__(self) -> str:
        return self.name

    @property
    def name_problem(self) -> str:
        """Why the name is invalid; empty if it is valid."""
        try:
            self.clean_fields(exclude=["agency", "color"])
        except ValidationError as error:
            return error.messages[0]
        return ""

    @property
    def audit_label(self) -> str:
        """The tag's label in audit events; it is a word of the agency."""
        return self.name


class CustomerTag(models.Model):
    """A tag of a customer."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.CASCADE, related_name="customer_tags")
    tag = models.ForeignKey(Tag, verbose_name=_("Tag"), on_delete=models.CASCADE, related_name="customer_tags", db_index=False)

    objects: ClassVar[TenantQuerySet["CustomerTag"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        constraints = [
            models.UniqueConstraint(fields=["tag", "customer"], name="customer_tag_once"),
            SameParent(field="customer", parent="agency", name="customer_tag_customer_same_agency"),
            SameParent(field="tag", parent="agency", name="customer_tag_tag_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag_id}"


def split_names(text: str) -> list[str]:
    """Return the names in a text, each once in any case: “VIP, Görlitz; vip” → VIP, Görlitz."""
    for separator in SEPARATORS:
        text = text.replace(separator, "\n")
    names: dict[str, str] = {}
    for part in text.split("\n"):
        name = " ".join(part.split())
        if not is_blank(name):
            names.setdefault(name.upper(), name)
    return list(names.values())
