"""Notices of deadlines, and customers' opt-outs."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.deadlines import tokens
from partnerportal.agencies.models import Agency
from partnerportal.core.querysets import TenantQuerySet

#: Days before a deadline on which members are notified. 0 days before counts as 1.
STEPS = (60, 30, 14, 7, 1)
#: Step of the day after a deadline.
AFTER = -1
#: Days after a deadline until which the last notice is sent, if the portal was down.
LATE_DAYS = 30


class DeadlineNotice(models.Model):
    """A step of a deadline of which the members, and if wanted the customer, were notified.

    The object isn't a foreign key, because other apps register kinds of objects. The row remains when the object is
    removed. It contains nothing personal.
    """

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="deadline_notices")
    #: Name of a `DeadlineKind`.
    kind = models.CharField(_("Kind"), max_length=20)
    object_id = models.BigIntegerField(_("Object"))
    #: The deadline. Another date starts again with the first step.
    date = models.DateField(_("Date"))
    #: One of `STEPS`, or `AFTER`.
    step = models.SmallIntegerField(_("Days before"))
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["DeadlineNotice"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("deadline notification")
        verbose_name_plural = _("deadline notifications")
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id", "date", "step"], name="deadline_notice_once"),
            models.CheckConstraint(condition=Q(step__in=[*STEPS, AFTER]), name="deadline_notice_step_is_known"),
        ]
        indexes = [models.Index(fields=["date"], name="deadline_notice_by_date")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.date} ({self.step})"


class DeadlineOptOutQuerySet(TenantQuerySet["DeadlineOptOut"]):
    def for_email(self, email: str) -> Self:
        """Return opt-outs of this address."""
        return self.filter(address_digest__in=tokens.OPT_OUTS.digests(email)) if email else self.none()


class DeadlineOptOut(models.Model):
    """A customer's e-mail address that opted out of an agency's notices of deadlines.

    Only its digest is stored. Erasing the customer deletes it.
    """

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="deadline_opt_outs")
    address_digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)

    objects: ClassVar[DeadlineOptOutQuerySet] = DeadlineOptOutQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("opt-out of deadline reminders")
        verbose_name_plural = _("opt-outs of deadline reminders")
        constraints = [models.UniqueConstraint(fields=["agency", "address_digest"], name="deadline_opt_out_once")]

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.address_digest[:8]}"
