"""Pairs of possible duplicates, the search that finds them, and the log of merges.

The keys that a search compares are derived from personal data. They are deleted when it ends.
"""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models.customers import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet

#: Days within which a merge can be undone.
UNDO_DAYS = 30


class PairReason(models.TextChoices):
    """What two customers have in common."""

    EMAIL = "email", _("same e-mail")
    DOMAIN = "domain", _("same domain")
    PHONE = "phone", _("same phone number")
    NAME_AND_CITY = "city", _("same name in the same city")
    NAME = "name", _("same name")


#: How much each reason counts. The sum is the score of a pair.
SCORES = {
    PairReason.EMAIL: 50,
    PairReason.DOMAIN: 40,
    PairReason.PHONE: 30,
    PairReason.NAME_AND_CITY: 20,
    PairReason.NAME: 15,
}


class SearchStatus(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class PairSearch(models.Model):
    """The latest search for an agency's duplicates, and its progress."""

    Status = SearchStatus

    agency = models.OneToOneField(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="pair_search")
    status = models.CharField(_("Status"), max_length=10, choices=SearchStatus, default=SearchStatus.RUNNING)
    #: Number of searches, which marks the pairs that the latest one found.
    number = models.PositiveIntegerField(default=1, editable=False)
    progress = models.PositiveIntegerField(_("Customers compared"), default=0)
    progress_total = models.PositiveIntegerField(_("Customers to compare"), default=0)
    #: Number of the last customer whose keys are stored, after which the next batch continues.
    last_number = models.PositiveIntegerField(default=0, editable=False)
    started_at = models.DateTimeField(_("Started"), default=timezone.now)
    finished_at = models.DateTimeField(_("Finished"), null=True, blank=True)
    #: When the task was last enqueued or a batch was written. Without news for `IMPORT_LEASE` seconds, the task is enqueued again.
    heard_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Number of times that the task was enqueued again since the last batch.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("search for duplicates")
        verbose_name_plural = _("searches for duplicates")
        constraints = [models.CheckConstraint(condition=Q(status__in=SearchStatus.values), name="pair_search_status_is_known")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.number}"

    @property
    def is_running(self) -> bool:
        """Whether a worker searches or will do so."""
        return self.status == SearchStatus.RUNNING


class CustomerKey(models.Model):
    """What a customer has in common with its duplicates, such as the hash of its e-mail address. Exists only during a search."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=PairReason)
    key = models.UUIDField()
    #: The significant digits of a phone number, of which one of two may lack the country's code.
    digits = models.CharField(max_length=40, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=PairReason.values), name="customer_key_reason_is_known"),
            SameParent(field="customer", parent="agency", name="customer_key_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "reason", "key"], name="customer_key_lookup")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.reason}"


class CustomerPairQuerySet(TenantQuerySet["CustomerPair"]):
    def open(self) -> "CustomerPairQuerySet":
        """Return pairs of possible duplicates."""
        return self._current().filter(dismissed_at=None)

    def dismissed(self) -> "CustomerPairQuerySet":
        """Return pairs that a member has declared to be different."""
        return self._current().filter(dismissed_at__isnull=False)

    def _current(self) -> "CustomerPairQuerySet":
        gone = ["erased", "merged"]
        return self.exclude(first__status__in=gone).exclude(second__status__in=gone)


class CustomerPair(models.Model):
    """Two customers that may be the same, or that a member has declared to be different."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="customer_pairs", db_index=False)
    #: The customer with the lower key.
    first = models.ForeignKey(Customer, verbose_name=_("First customer"), on_delete=models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Customer, verbose_name=_("Second customer"), on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField(_("Score"))
    #: Values of `PairReason`, the most important one first.
    reasons = ArrayField(models.CharField(max_length=10), verbose_name=_("Reasons"))
    #: `PairSearch.number` of the latest search that found the pair.
    search = models.PositiveIntegerField(editable=False)
    dismissed_at = models.DateTimeField(_("Dismissed"), null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Dismissed by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[CustomerPairQuerySet] = CustomerPairQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("pair of customers")
        verbose_name_plural = _("pairs of customers")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="customer_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="customer_pair_in_order"),
            SameParent(field="first", parent="agency", name="customer_pair_first_same_agency"),
            SameParent(field="second", parent="agency", name="customer_pair_second_same_agency"),
        ]
        indexes = [
            models.Index(fields=["agency", "-score", "id"], name="customer_pair_by_score", condition=Q(dismissed_at__isnull=True)),
            models.Index(fields=["agency", "-dismissed_at"], name="customer_pair_dismissed", condition=Q(dismissed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}"

    @property
    def reason_labels(self) -> list[str | Promise]:
        """What the two customers have in common."""
        implied = {PairReason.NAME} if PairReason.NAME_AND_CITY in self.reasons else set()
        return [PairReason(reason).label for reason in self.reasons if reason not in implied]


class MergeLogQuerySet(TenantQuerySet["MergeLog"]):
    def undoable(self) -> "MergeLogQuerySet":
        """Return merges that can still be undone."""
        return self.filter(undone_at=None, created_at__gte=timezone.now() - timedelta(days=UNDO_DAYS), second__status="merged")


class MergeLog(models.Model):
    """A merge of two customers: what moved and what was replaced, so that it can be undone.

    An erasure empties `moved`, `changed`, `created` and `replaced`.
    """

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="merges")
    first = models.ForeignKey(Customer, verbose_name=_("First customer"), on_delete=models.CASCADE, related_name="merges")
    second = models.ForeignKey(Customer, verbose_name=_("Second customer"), on_delete=models.CASCADE, related_name="merges_away")
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Merged by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("Merged"), default=timezone.now)
    #: Versions of the customers after the merge.
    first_version = models.PositiveIntegerField()
    second_version = models.PositiveIntegerField()
    #: Status of the second customer before the merge.
    second_status = models.CharField(max_length=10, choices=Customer.Status)
    #: Digests of the moved rows by relation and key: {"customers.task.customer": {"17": "…"}}.
    moved = models.JSONField(_("Moved rows"), default=dict)
    #: Rows that were changed, by model and key: {"reviews.reviewrequest": {"5": {"digest": "…", "before": {…}}}}.
    changed = models.JSONField(_("Changed rows"), default=dict, encoder=DjangoJSONEncoder)
    #: Digests of the rows that were added, by model and key.
    created = models.JSONField(_("Added rows"), default=dict)
    #: Values of the first customer before and after the merge, by field.
    replaced = models.JSONField(_("Replaced values"), default=dict, encoder=DjangoJSONEncoder)
    undone_at = models.DateTimeField(_("Undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Undone by"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: Numbers of rows by relation, and the fields, that the undo left with the first customer.
    kept = models.JSONField(_("Kept"), default=dict)

    objects: ClassVar[MergeLogQuerySet] = MergeLogQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        constraints = [
            models.CheckConstraint(condition=~Q(first=F("second")), name="merge_of_two_customers"),
            models.UniqueConstraint(fields=["second"], condition=Q(undone_at__isnull=True), name="merge_once"),
            SameParent(field="first", parent="agency", name="merge_first_same_agency"),
            SameParent(field="second", parent="agency", name="merge_second_same_agency"),
        ]
        indexes = [models.Index(fields=["agency", "-id"], name="merge_of_agency")]

    def __str__(self) -> str:
        return f"{self.second} → {self.first}"

    @property
    def undo_until(self) -> datetime:
        """The end of the time in which the merge can be undone."""
        return self.created_at + timedelta(days=UNDO_DAYS)

    @property
    def can_be_undone(self) -> bool:
        """Whether the merge can still be undone, unless the first customer has meanwhile been merged, too."""
        return self.undone_at is None and timezone.now() <= self.undo_until and self.second.is_merged
