"""Model fields of our own."""

from typing import Any

from django.db import models


class WebsiteField(models.URLField):  # type: ignore[type-arg]  # takes no parameters at run time
    """A web address; typed without a scheme it is https, in every form."""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"assume_scheme": "https", **kwargs})

    def deconstruct(self) -> Any:
        """In migrations an ordinary URLField: nothing in the database differs."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs
