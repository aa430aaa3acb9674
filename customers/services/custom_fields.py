"""Actions on custom fields. The values are saved with the customer, see `customers`."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Customer, CustomField
from customers.models.custom_fields import MAX_FIELDS, FieldKind, new_key
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record


@transaction.atomic
def add_field(agency: Agency, *, name: str, kind: str, choices: Sequence[str] = (), by: User) -> CustomField:
    """Add a field after the others.

    Raises:
        ValidationError: The name is taken, or the agency has `MAX_FIELDS` fields.
    """
    position = len(_locked_fields(agency)) + 1
    if position > MAX_FIELDS:
        raise ValidationError(_("An agency can have %(limit)d fields. Delete one first.") % {"limit": MAX_FIELDS}, "limit")
    labels = [[new_key(), label] for label in choices] if kind == FieldKind.CHOICE else []
    field = CustomField(agency=agency, name=name, kind=kind, choices=labels, position=position)
    _save(field)
    record("custom_field.added", field, by=by)
    return field


@transaction.atomic
def change_field(field: CustomField, *, name: str, choices: Sequence[tuple[str, str]] = (), by: User) -> bool:
    """Change the name of a field and its choices, which are pairs of a key (empty for a new choice) and a label.

    Return False if nothing differs.

    Raises:
        ValidationError: The name is taken, or customers have a choice that is missing.
        CustomField.DoesNotExist: The field was deleted in the meantime.
    """
    # Customers whose value is saved wait.
    stored = CustomField.objects.select_for_update(of=("self",)).get(pk=field.pk)
    labels = [[key or new_key(), label] for key, label in choices] if stored.kind == FieldKind.CHOICE else []
    if (stored.name, stored.choices) == (name, labels):
        return False
    _require_unused(stored, {key for key, _label in stored.choices} - {key for key, _label in labels})
    stored.name, stored.choices = name, labels
    _save(stored)
    record("custom_field.changed", stored, by=by)
    return True


@transaction.atomic
def move_field(field: CustomField, *, up: bool, by: User) -> bool:
    """Exchange a field with its neighbor. Return False if it has none on this side."""
    fields = _locked_fields(field.agency)
    index = next((index for index, other in enumerate(fields) if other.pk == field.pk), -1)
    target = index - 1 if up else index + 1
    if index < 0 or not 0 <= target < len(fields):
        return False
    fields[index], fields[target] = fields[target], fields[index]
    _number(fields)
    record("custom_field.moved", field, by=by)
    return True


@transaction.atomic
def delete_field(field: CustomField, *, by: User) -> int:
    """Delete a field with all its values. Return their number.

    Raises:
        CustomField.DoesNotExist: The field was deleted in the meantime.
    """
    fields = _locked_fields(field.agency)
    stored = next((other for other in fields if other.pk == field.pk), None)
    if stored is None:
        raise CustomField.DoesNotExist
    count: int = values_of(stored).count()
    record("custom_field.deleted", stored, by=by, count=count)
    fields.remove(stored)
    # A trigger removes the values.
    stored.delete()
    _number(fields)
    return count


def values_of(field: CustomField) -> Any:
    """Return the customers with a value of a field."""
    return Customer.objects.filter(agency=field.agency_id, custom_values__has_key=field.key)


def with_values(stored: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the stored values with `new` ones; None removes a value."""
    return {key: value for key, value in {**stored, **new}.items() if value is not None}


def _locked_fields(agency: Agency) -> list[CustomField]:
    # The agency's row makes concurrent transactions wait, even if there is no field yet.
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    return list(CustomField.objects.filter(agency=agency).select_for_update(of=("self",)).order_by("position"))


def _number(fields: list[CustomField]) -> None:
    for position, field in enumerate(fields, start=1):
        if field.position != position:
            CustomField.objects.filter(pk=field.pk).update(position=position)


def _require_unused(field: CustomField, keys: set[str]) -> None:
    labels = field.labels
    for key in sorted(keys):
        count = Customer.objects.filter(Q(custom_values__contains={field.key: key}), agency=field.agency_id).count()
        if count:
            text = ngettext(
                "%(count)d customer has the choice “%(label)s”. Rename it instead, or change the customer first.",
                "%(count)d customers have the choice “%(label)s”. Rename it instead, or change the customers first.",
                count,
            )
            raise ValidationError({"choices": text % {"count": count, "label": labels[key]}}, "used")


def _save(field: CustomField) -> None:
    try:
        with transaction.atomic():
            field.save()
    except IntegrityError as error:
        if "custom_field_once_per_agency" not in str(error):
            raise
        raise ValidationError({"name": _("There is already a field with this name.")}, "unique") from error
