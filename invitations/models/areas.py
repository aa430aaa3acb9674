"""The scope of an access: all areas, or some of them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Scope(models.TextChoices):
    """Whether an access includes all areas."""

    FULL = "full", gettext_lazy("Full access")
    PARTIAL = "partial", gettext_lazy("Partial access")


class Area(models.TextChoices):
    """Part of an agency's work that a client can open separately.

    Full access includes every area. Forms, pages, texts and the database constraint use these members in
    this order, so a new area needs a member, its translation and the migration that Django generates.
    """

    DOMAINS = "domains", gettext_lazy("Domains")
    EMAIL = "email", gettext_lazy("E-mail")
    HOSTING = "hosting", gettext_lazy("Website and hosting")
    CONTRACTS = "contracts", gettext_lazy("Contracts and invoices")
    SUPPORT = "support", gettext_lazy("Support")


def area_labels(areas: Iterable[str]) -> str:
    """Return the areas' names in the user's language, separated by commas."""
    return ", ".join(str(Area(area).label) for area in sorted_areas(areas))


def sorted_areas(areas: Iterable[str]) -> list[str]:
    """Return the areas without duplicates, in the order in which forms offer them."""
    chosen = set(areas)
    return [area for area in Area.values if area in chosen]


def stored_areas(scope: str, areas: Iterable[str]) -> list[str]:
    """Return the areas to store: none with full access, which includes areas added later."""
    return [] if scope == Scope.FULL else sorted_areas(areas)


def access_label(scope: str, areas: Iterable[str]) -> str:
    """Return the access as a label, such as “full access” or “partial access: Domains, E-mail”."""
    if scope == Scope.FULL:
        return _("full access")
    return _("partial access: %(areas)s") % {"areas": area_labels(areas)}


def access_in_text(scope: str, areas: Iterable[str]) -> str:
    """Return the access for the middle of a sentence, such as “partial access (Domains, E-mail)”."""
    if scope == Scope.FULL:
        return _("full access")
    return _("partial access (%(areas)s)") % {"areas": area_labels(areas)}


class GrantedAreas:
    """Mixin for objects with a `scope` and the `areas` of a partial one."""

    scope: Any
    areas: Any

    def covers(self, area: str) -> bool:
        """Return whether the access includes this area."""
        return self.scope == Scope.FULL or area in self.areas

    @property
    def areas_with_access(self) -> list[tuple[Area, bool]]:
        """All areas, each with whether the access includes it."""
        return [(area, self.covers(area)) for area in Area]


class AccessScope(GrantedAreas, models.Model):
    """Fields for the scope of an access."""

    scope = models.CharField(gettext_lazy("Access"), max_length=10, choices=Scope, default=Scope.FULL)
    areas = ArrayField(models.CharField(max_length=20, choices=Area), verbose_name=gettext_lazy("Areas"), default=list, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=Scope.FULL.value, areas=[])
                | Q(scope=Scope.PARTIAL.value, areas__contained_by=Area.values) & ~Q(areas=[]),
                name="%(class)s_scope_has_its_areas",
            )
        ]

    @property
    @admin.display(description=gettext_lazy("Access"), ordering="scope")
    def access_label(self) -> str:
        """The access as a label, such as “partial access: Domains, E-mail”."""
        return access_label(self.scope, self.areas)
