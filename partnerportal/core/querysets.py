"""Querysets shared by all apps."""

from typing import Self, TypeVar

from django.db import models

_M = TypeVar("_M", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[_M]):
    """Queryset of rows that belong to an agency."""

    def for_agency(self, agency: models.Model) -> Self:
        """Return the rows of the agency."""
        return self.filter(agency=agency)
