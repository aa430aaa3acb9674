"""`CustomField`: a field that an agency defined for its customers. Their values are in `Customer.custom_values`."""

import re
import secrets
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Deferrable, F, Q
from django.db.models.functions import Upper
from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import gettext_lazy as _

from customers.models import triggers
from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import is_blank, validate_one_line

#: Maximum number of fields of an agency.
MAX_FIELDS = 12
#: Maximum number of choices of a field.
MAX_CHOICES = 50
#: Maximum length of a text, a link or the label of a choice, in characters.
MAX_LENGTH = {"text": 500, "link": 300, "choice": 60}
#: Numbers have up to 11 digits before the decimal separator and 4 after it, so that JSON keeps them exactly.
_LIMIT, _DECIMALS = Decimal(10**11), Decimal("0.0001")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}([.,'’])\d{3}(\1\d{3})*")
_is_web_address = URLValidator(schemes=["http", "https"])


def new_key() -> str:
    """Return the key of a new field or choice. Agencies have different keys, so that each has its own part of the index on values."""
    return f"k{secrets.token_hex(4)[1:]}"


class FieldKind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Numeric value")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")
    LINK = "link", _("Link")


class CustomField(models.Model):
    """A field that an agency defined for its customers."""

    Kind = FieldKind

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="custom_fields")
    key = models.CharField(max_length=8, default=new_key, editable=False)
    name = models.CharField(_("Name"), max_length=40, validators=[validate_one_line])
    kind = models.CharField(_("Kind"), max_length=10, choices=FieldKind, default=FieldKind.TEXT)
    #: Labels of the choices by key, which the customers' values contain.
    choices = models.JSONField(_("Choices"), default=list, blank=True, editable=False)
    position = models.PositiveSmallIntegerField(_("Position"), editable=False)

    objects: ClassVar[TenantQuerySet["CustomField"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["agency", "position"]
        constraints = [
            models.UniqueConstraint(F("agency"), Upper("name"), name="custom_field_once_per_agency"),
            models.UniqueConstraint(fields=["key"], name="custom_field_key_once"),
            models.UniqueConstraint(fields=["agency", "position"], name="custom_field_position_once", deferrable=Deferrable.DEFERRED),
            models.CheckConstraint(condition=Q(position__range=(1, MAX_FIELDS)), name="custom_field_position_from_1_to_12"),
            models.CheckConstraint(condition=~Q(name=""), name="custom_field_has_a_name"),
            models.CheckConstraint(condition=Q(kind__in=FieldKind.values), name="custom_field_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind="choice") & ~Q(choices=[]) | ~Q(kind="choice") & Q(choices=[]), name="custom_field_choices_of_a_choice"
            ),
        ]
        triggers = triggers.CUSTOM_FIELD

    def __str__(self) -> str:
        return self.name

    @property
    def audit_label(self) -> str:
        """The field's label in audit events; it is a word of the agency."""
        return self.name

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the choices by key."""
        return dict(self.choices)

    def parse(self, text: str, *, plain: bool = False) -> Any:
        """Return the stored value for a text that somebody entered, or None if it is empty.

        Args:
            plain: The text has the format of `plain_text`. Otherwise, numbers and dates have the format of any language.

        Raises:
            ValidationError: The text isn't a value of this field; the message names the accepted ones.
        """
        text = text.strip()
        if is_blank(text):
            return None
        if self.kind == FieldKind.NUMBER:
            return _number(text, plain=plain)
        if self.kind == FieldKind.DATE:
            return _date(text)
        if self.kind == FieldKind.CHOICE:
            return self._choice(text)
        validate_one_line(text)
        if self.kind == FieldKind.LINK:
            text = text if "://" in text else f"https://{text}"
            try:
                _is_web_address(text)
            except ValidationError as error:
                raise ValidationError(_("Enter a web address, such as https://example.com/."), "link") from error
        if len(text) > MAX_LENGTH[self.kind]:
            raise ValidationError(_("This text has more than %(limit)s characters.") % {"limit": MAX_LENGTH[self.kind]}, "too_long")
        return text

    def accepts(self, value: Any) -> bool:
        """Return whether a stored value is still one of this field; only choices can be removed."""
        return self.kind != FieldKind.CHOICE or value in self.labels

    def _choice(self, text: str) -> str:
        labels = self.labels
        if text in labels:
            return text
        for key, label in labels.items():
            if label.casefold() == text.casefold():
                return key
        raise ValidationError(_("This value isn’t a choice. Accepted: %(values)s.") % {"values": ", ".join(labels.values())}, "choice")

    def display(self, value: Any) -> str:
        """Return a stored value for people, in the active language."""
        if value is None:
            return ""
        if self.kind == FieldKind.NUMBER:
            return number_format(Decimal(str(value)), force_grouping=True)
        if self.kind == FieldKind.DATE:
            return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
        return self.labels.get(value, "") if self.kind == FieldKind.CHOICE else str(value)

    def input_text(self, value: Any) -> str:
        """Return a stored value as an input shows it, in the active language; a choice is its key."""
        if self.kind == FieldKind.NUMBER and value is not None:
            return number_format(Decimal(str(value)), force_grouping=False, use_l10n=True)
        return "" if value is None else str(value)

    def plain_text(self, value: Any) -> str:
        """Return a stored value for programs; `parse` understands it in every language."""
        if value is None:
            return ""
        if self.kind == FieldKind.NUMBER:
            return format(Decimal(str(value)), "f")
        return self.labels.get(value, "") if self.kind == FieldKind.CHOICE else str(value)


def _number(text: str, *, plain: bool) -> int | float:
    compact = re.sub(r"\s", "", text)
    if not plain:
        decimal_separator = get_format("DECIMAL_SEPARATOR")
        grouped = _THOUSANDS.fullmatch(compact)
        if grouped and grouped[1] != decimal_separator:
            compact = compact.replace(grouped[1], "")
        elif "," in compact and "." in compact:
            thousands = min(",.", key=compact.rfind)
            compact = compact.replace(thousands, "")
        compact = compact.replace(",", ".")
    try:
        number = Decimal(compact)
    except InvalidOperation as error:
        raise ValidationError(_("Enter a number, such as 12 or 3.5."), "number") from error
    if not number.is_finite() or abs(number) >= _LIMIT or number != number.quantize(_DECIMALS):
        raise ValidationError(_("Enter a number with up to 11 digits and 4 decimal places."), "number")
    return int(number) if number == int(number) else float(number)


def _date(text: str) -> str:
    found = read_date(text)
    if found is None or found.year < 1900:
        raise ValidationError(_("Enter a date, such as 2026-12-31 or 31.12.2026."), "date")
    return found.isoformat()


def read_date(text: str) -> date | None:
    """Return the date in an ISO or German text, or None."""
    numbers = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00(?::00)?)?|(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text)
    if not numbers:
        return None
    year, month, day = (int(part) for part in (numbers.groups()[:3] if numbers[1] else numbers.groups()[:2:-1]))
    try:
        return date(year, month, day)
    except ValueError:
        return None
