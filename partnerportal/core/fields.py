"""Custom model and form fields."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.db import models

from partnerportal.core.email_addresses import MAX_LENGTH, pasted_address, validate_deliverable


class WebsiteField(models.URLField):  # type: ignore[type-arg]  # takes no parameters at run time
    """A web address. Forms complete a missing scheme with https."""

    default_validators = [URLValidator(schemes=["http", "https"])]

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"assume_scheme": "https", **kwargs})

    def deconstruct(self) -> Any:
        """Deconstruct as URLField, which has the same database column."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs


class AddressFormField(forms.EmailField):
    """Form field for an e-mail address. Also accepts pasted notations such as `Kim <kim@client.example>`."""

    default_validators = [*forms.EmailField.default_validators, validate_deliverable]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_LENGTH, **kwargs})

    def to_python(self, value: Any) -> Any:
        """Return the address in the pasted text.

        Raises:
            ValidationError: The text contains several addresses.
        """
        return pasted_address(super().to_python(value) or "") or self.empty_value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return the attributes of a text input with the e-mail keyboard.

        Not type=email, because Chromium would change "groß.example" to "gross.example" (IDNA 2003).
        No maxlength, because browsers would truncate pasted text.
        """
        if isinstance(widget, forms.widgets.Input) and widget.input_type == "email":
            widget.input_type = "text"
        attributes = {"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
        return {name: value for name, value in attributes.items() if name not in widget.attrs}


class AddressField(models.EmailField):  # type: ignore[type-arg]
    """A deliverable e-mail address."""

    default_validators = [*models.EmailField.default_validators, validate_deliverable]

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": AddressFormField, **kwargs})

    def deconstruct(self) -> Any:
        """Deconstruct as EmailField, which has the same database column."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs


def text_fields(model: type[models.Model], *, keep: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of the model's text fields except those in `keep`.

    An erasure empties these fields, so it includes new fields by default.
    """
    names = tuple(field.name for field in model._meta.concrete_fields if isinstance(field, models.CharField | models.TextField))
    return tuple(name for name in names if name not in keep)
