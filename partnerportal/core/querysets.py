"""Querysets shared by all apps."""

from typing import Self, TypeVar

from django.db import models

_M = TypeVar("_M", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[_M]):
    """Rows that belong to an agency."""

    def for_agency(self, agency: models.Model) -> Self:
        """Only what this agency may see."""
        return self.filter(agency=agency)
