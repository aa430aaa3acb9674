"""Model fields of our own."""

from typing import Any

from django.db import models

from partnerportal.addresses import validate_address


class WebsiteField(models.URLField):  # type: ignore[type-arg]  # takes no parameters at run time
    """A web address; typed without a scheme it is https, in every form."""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"assume_scheme": "https", **kwargs})

    def deconstruct(self) -> Any:
        """In migrations an ordinary URLField: nothing in the database differs."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs


class AddressField(models.EmailField):  # type: ignore[type-arg]
    """An e-mail address that mail can be sent to."""

    default_validators = [*models.EmailField.default_validators, validate_address]

    def deconstruct(self) -> Any:
        """In migrations an ordinary EmailField: nothing in the database differs."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs
