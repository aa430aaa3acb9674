"""What an access opens: everything, or some areas."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Scope(models.TextChoices):
    """How far an access goes."""

    FULL = "full", gettext_lazy("Full access")
    PARTIAL = "partial", gettext_lazy("Partial access")


class Area(models.TextChoices):
    """What can be opened on its own. Full access covers every area, those added here later included."""

    DOMAINS = "domains", gettext_lazy("Domains")
    EMAIL = "email", gettext_lazy("E-mail")
    HOSTING = "hosting", gettext_lazy("Website and hosting")
    CONTRACTS = "contracts", gettext_lazy("Contracts and invoices")
    SUPPORT = "support", gettext_lazy("Support")


@dataclass(frozen=True)
class AreaAccess:
    """One area, and whether it is open."""

    area: Area
    is_open: bool


def sorted_areas(areas: Any) -> list[str]:
    """Each once, in the order in which they are offered."""
    chosen = set(areas)
    return [area for area in Area.values if area in chosen]


def stored_areas(scope: str, areas: Any) -> list[str]:
    """What is stored beside a scope: full access names no areas, because it covers those, too, that are added later."""
    return [] if scope == Scope.FULL else sorted_areas(areas)


def access_label(scope: str, areas: Any) -> str:
    """An access for people: “full access”, “partial access: Domains, E-mail”."""
    if scope == Scope.FULL:
        return _("full access")
    return _("partial access: %(areas)s") % {"areas": _area_labels(areas)}


def access_in_text(scope: str, areas: Any) -> str:
    """An access inside a sentence that goes on after it: “full access”, “partial access (Domains, E-mail)”."""
    if scope == Scope.FULL:
        return _("full access")
    return _("partial access (%(areas)s)") % {"areas": _area_labels(areas)}


def _area_labels(areas: Any) -> str:
    return ", ".join(str(Area(area).label) for area in sorted_areas(areas) if area in Area.values)


class AccessScope(models.Model):
    """A row that says how far an access goes."""

    scope = models.CharField(gettext_lazy("Access"), max_length=10, choices=Scope, default=Scope.FULL)
    areas = ArrayField(models.CharField(max_length=20, choices=Area), verbose_name=gettext_lazy("Areas"), default=list, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="full", areas=[])
                | Q(scope="partial", areas__contained_by=["domains", "email", "hosting", "contracts", "support"]) & ~Q(areas=[]),
                name="%(class)s_scope_has_its_areas",
            )
        ]

    def covers(self, area: str) -> bool:
        """Whether this area is open."""
        return self.scope == Scope.FULL or area in self.areas

    @property
    def access_label(self) -> str:
        """For people: “full access”, “partial access: Domains, E-mail”."""
        return access_label(self.scope, self.areas)

    @property
    def by_area(self) -> list[AreaAccess]:
        """Every area with whether it is open."""
        return [AreaAccess(area, self.covers(area)) for area in Area]
