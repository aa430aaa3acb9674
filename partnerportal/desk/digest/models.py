"""Digests that were sent, so that each is sent once."""

from collections.abc import Collection
from datetime import date, datetime
from typing import ClassVar

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Membership

#: The rows that another transaction inserted first aren't returned.
_CLAIM = """
    INSERT INTO desk_digestrun (membership_id, local_date, created_at)
    SELECT unnest(%s::bigint[]), %s, %s
    ON CONFLICT DO NOTHING RETURNING membership_id
"""


class DigestRunQuerySet(models.QuerySet["DigestRun"]):
    def claim(self, members: Collection[int], day: date, at: datetime) -> set[int]:
        """Record the digests of a day, sent `at` this time. Return the members whose one the current transaction recorded."""
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [list(members), day, at])
            return {pk for (pk,) in cursor.fetchall()}


class DigestRun(models.Model):
    """A member's digest of a day, whether or not there was anything to send."""

    membership = models.ForeignKey(Membership, verbose_name=_("membership"), on_delete=models.CASCADE, related_name="digest_runs")
    #: The day in the member's time zone.
    local_date = models.DateField(_("Date"))
    created_at = models.DateTimeField(_("Created"))

    objects: ClassVar[DigestRunQuerySet] = DigestRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("sent digest")
        verbose_name_plural = _("sent digests")
        constraints = [models.UniqueConstraint(fields=["membership", "local_date"], name="digest_once_per_day")]
        indexes = [models.Index(fields=["local_date"], name="digest_run_by_date")]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.local_date}"
