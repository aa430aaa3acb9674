"""Rating categories: the one list that fields, arithmetic, forms, triggers and demo data are derived from."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from typing import Any

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy


@dataclass(frozen=True)
class Category:
    """A rating category, with lazily translated texts."""

    label: Any
    #: Displayed by the form until a rating is selected.
    hint: Any


#: Categories by field name, in the order in which they are asked.
CATEGORIES = {
    "cooperation": Category(gettext_lazy("Cooperation"), hint=gettext_lazy("How well you worked together")),
    "quality": Category(gettext_lazy("Quality of service"), hint=gettext_lazy("The quality of the work")),
    "schedule": Category(gettext_lazy("Schedule"), hint=gettext_lazy("Whether the work was delivered on time")),
    "budget": Category(gettext_lazy("Budget"), hint=gettext_lazy("Whether it stayed within budget")),
}


class FieldPerCategory:
    """Adds one field per category to a model."""

    def __init__(self, make_field: Callable[[Category], Any], *, suffix: str = "") -> None:
        self.fields = {f"{name}{suffix}": make_field(category) for name, category in CATEGORIES.items()}

    def contribute_to_class(self, model: type[models.Model], attribute: str) -> None:
        """Add the fields to the model. Django calls this for each attribute of a model class."""
        for name, field in self.fields.items():
            field.contribute_to_class(model, name)


def sum_of_categories(suffix: str = "") -> Any:
    """Return an expression that adds up the columns of all categories."""
    return reduce(operator.add, (F(f"{name}{suffix}") for name in CATEGORIES))


@dataclass(frozen=True)
class CategoryRating:
    """A category with its rating: whole stars of one review, or the mean of several."""

    label: Any
    value: Decimal

    @property
    def percent(self) -> Decimal:
        """The rating as a percentage of five stars."""
        return self.value * 20


class CategoryValues(tuple[int, ...]):
    """The whole stars of one review in all categories, in their order."""

    __slots__ = ()

    @property
    def rows(self) -> list[CategoryRating]:
        """The ratings with the labels of their categories."""
        return [CategoryRating(category.label, Decimal(value)) for category, value in zip(CATEGORIES.values(), self, strict=True)]


def rounded(value: Decimal) -> Decimal:
    """Round a rating to one decimal, halves up."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
