"""Rating categories: the one list that fields, arithmetic, forms, triggers and demo data are derived from."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from typing import Any

from django.db import models
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

#: Labels of the categories by field name, in the order in which they are asked.
CATEGORIES = {
    "cooperation": gettext_lazy("Cooperation"),
    "quality": gettext_lazy("Quality of service"),
    "schedule": gettext_lazy("Schedule"),
    "budget": gettext_lazy("Budget"),
}


class FieldPerCategory:
    """Adds one field per category to a model; `make_field` receives the category's label."""

    def __init__(self, make_field: Callable[[Promise], Any], *, suffix: str = "") -> None:
        self.fields = {f"{name}{suffix}": make_field(label) for name, label in CATEGORIES.items()}

    def contribute_to_class(self, model: type[models.Model], attribute: str) -> None:
        """Add the fields; Django calls this for attributes of a model class."""
        for name, field in self.fields.items():
            field.contribute_to_class(model, name)


def sum_of_categories(suffix: str = "") -> Any:
    """Return an expression that adds up the columns of all categories."""
    return reduce(operator.add, (F(f"{name}{suffix}") for name in CATEGORIES))


@dataclass(frozen=True)
class CategoryRating:
    """A category with its rating: whole stars of one review, or the mean of several."""

    label: str
    value: Decimal

    @property
    def percent(self) -> Decimal:
        """The rating as a percentage of five stars."""
        return self.value * 20


def rounded(value: Decimal) -> Decimal:
    """Round a rating to one decimal, halves up."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
