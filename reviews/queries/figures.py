"""The figures of the whole network, which the page “How reviews work” shows."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from partnerportal.core.compiled import compiled
from partnerportal.network.models import ProfileStatus
from reviews.models import RatingSummary


@dataclass(frozen=True)
class NetworkFigures:
    """Numbers of reviews and review requests of all agencies with a public profile. Requests that were withdrawn don’t count."""

    requested: int = 0
    #: Reviews whose stars count, and those of them that are hidden, and that their authors edited.
    counted: int = 0
    hidden: int = 0
    edited: int = 0
    withdrawn: int = 0
    removed: int = 0

    @property
    def published(self) -> int:
        """Reviews that profiles show with text and author."""
        return self.counted - self.hidden

    @property
    def written(self) -> int:
        """All reviews that were ever written."""
        return self.counted + self.withdrawn + self.removed


def network_figures() -> NetworkFigures:
    """Return the sums of the agencies’ rating summaries."""
    return next((NetworkFigures(*row) for row in _sums()), NetworkFigures())


@compiled
def _sums() -> QuerySet[RatingSummary, Any]:
    # A single row for the whole network would make all agencies wait for each other.
    public = RatingSummary.objects.filter(agency__profile__status=ProfileStatus.REGISTERED)
    columns = ("requested", "count", "hidden", "edited", "withdrawn", "removed")
    sums = {f"all_{column}": Coalesce(Sum(column), 0) for column in columns}
    return public.order_by().annotate(all=Value(1)).values("all").annotate(**sums).values_list(*sums)
