"""`AddressErasure`: the erasure of what the portal stores about an e-mail address, its progress, and its report."""

import json
from dataclasses import asdict
from typing import Any, ClassVar, TypedDict

from django.conf import settings
from django.contrib.admin import display
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerportal.accounts.address_data import Person
from partnerportal.core.encryption import Encryptor
from partnerportal.core.opt_outs import OptOutTokens

#: Keyed digests of erased addresses, with which a later search for the address finds its reports.
DIGESTS = OptOutTokens("desk.erased-address", "")
_CIPHER = Encryptor("desk.erased-address")


class ErasureStatus(models.TextChoices):
    """Status of an erasure: running → done, or stopped → running."""

    RUNNING = "running", pgettext_lazy("erasure", "running")
    STOPPED = "stopped", pgettext_lazy("erasure", "stopped")
    DONE = "done", pgettext_lazy("erasure", "done")


class Figure(TypedDict):
    """Number of rows of a kind in an agency, or outside of agencies, that were deleted, made anonymous or kept."""

    agency: int | None
    kind: str
    effect: str
    count: int


class AddressErasure(models.Model):
    """An erasure that a worker does in steps. Its report contains only numbers.

    It contains the person, encrypted, until it is done.
    """

    Status = ErasureStatus

    status = models.CharField(_("Status"), max_length=10, choices=ErasureStatus, default=ErasureStatus.RUNNING)
    #: Keyed digest of the address, which doesn't reveal it.
    address_digest = models.CharField(max_length=64, editable=False, db_index=True)
    #: The encrypted `Person`; None once the erasure is done.
    sealed_person = models.BinaryField(null=True, editable=False)
    #: Number of finished sections, in the order of `in_order_of_erasure()`.
    progress = models.PositiveSmallIntegerField(_("Finished sections"), default=0)
    progress_total = models.PositiveSmallIntegerField(_("Sections"))
    #: A list of `Figure`.
    figures = models.JSONField(_("Figures"), default=list)
    #: Why the erasure stopped, without personal data.
    problem = models.TextField(_("Problem"), blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Started by"), on_delete=models.PROTECT, related_name="address_erasures"
    )
    created_at = models.DateTimeField(_("Started"), default=timezone.now)
    finished_at = models.DateTimeField(_("Finished"), null=True, blank=True)
    #: When the task was last enqueued or a step was done. Without news for `IMPORT_LEASE` seconds, the task is enqueued again.
    heard_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Number of times that the task was enqueued again since the last step.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    objects: ClassVar[models.Manager["AddressErasure"]] = models.Manager()

    class Meta:
        verbose_name = _("erasure of personal data")
        verbose_name_plural = _("erasures of personal data")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ErasureStatus.values), name="address_erasure_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="done", sealed_person=None, finished_at__isnull=False)
                | ~Q(status="done") & Q(sealed_person__isnull=False, finished_at=None),
                name="address_erasure_done_names_no_one",
            ),
            models.UniqueConstraint(fields=["address_digest"], condition=~Q(status="done"), name="address_erasure_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    @display(description=_("Number"), ordering="pk")
    def reference(self) -> str:
        """The number of the report, such as E-17."""
        return f"E-{self.pk}"

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.reference

    @property
    def is_running(self) -> bool:
        """Whether a worker erases or will do so."""
        return self.status == ErasureStatus.RUNNING

    @property
    def person(self) -> Person:
        """The person, until the erasure is done."""
        values: dict[str, Any] = json.loads(_CIPHER.decrypt(self.sealed_person or b""))
        return Person(**{name: tuple(value) for name, value in values.items()})

    def seal(self, person: Person) -> None:
        """Set the person, without saving."""
        self.address_digest = DIGESTS.digest(person.email)
        self.sealed_person = _CIPHER.encrypt(json.dumps(asdict(person)))

    def add(self, *, agency: int | None, kind: str, effect: str, count: int) -> None:
        """Add a number to the figures, without saving."""
        for figure in self.figures:
            if (figure["agency"], figure["kind"], figure["effect"]) == (agency, kind, effect):
                figure["count"] += count
                return
        self.figures.append(Figure(agency=agency, kind=kind, effect=effect, count=count))
