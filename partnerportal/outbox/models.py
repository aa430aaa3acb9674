"""`OutgoingMail`: every e-mail of the product is a row here before it is a message."""

import json
import random
from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from partnerportal.core.encryption import Encryptor
from partnerportal.outbox import delivery_hooks

#: Bodies lie sealed: they carry links and codes.
BODY_CIPHER = Encryptor("partnerportal.outbox.body")
#: The longest pause between two attempts, in seconds.
MAX_BACKOFF = 4 * 60 * 60


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    """Mails, and the guarded steps of their sending."""

    def for_agency(self, agency: models.Model) -> Self:
        """What went out in this agency's name; never the mails of somebody's account."""
        return self.filter(agency=agency)

    def due(self) -> Self:
        """Waiting, with attempts left, and their time has come. By the database's clock, the one that all workers share."""
        return self._at_their_time().filter(attempts__lt=settings.OUTBOX_MAX_ATTEMPTS)

    def lost(self) -> Self:
        """Due, and not in the broker's hands: not handed out since they fell due, or longer than a lease ago."""
        lease = timedelta(seconds=settings.OUTBOX_LEASE)
        return self.due().filter(Q(enqueued_at__lt=models.F("next_attempt_at")) | Q(enqueued_at__lte=Now() - lease))

    def claim(self, pk: int) -> bool:
        """Take a due mail for one attempt; False when another worker has it.

        The attempt is counted and the next one put off *before* SMTP: a mail that kills its worker runs out of
        attempts, too, and one whose worker was killed is due again after the lease.
        """
        lease = timedelta(seconds=settings.OUTBOX_LEASE)
        with transaction.atomic():
            free = self.due().filter(pk=pk).select_for_update(skip_locked=True).values_list("pk", flat=True)
            return self.filter(pk__in=list(free)).update(attempts=models.F("attempts") + 1, next_attempt_at=Now() + lease) == 1

    def hand_back(self, pks: Collection[int]) -> None:
        """The broker didn't take these: they fall due anew, so that they count as lost at once and not after a lease."""
        self.due().filter(pk__in=pks).update(next_attempt_at=Now())

    def give_up(self) -> None:
        """Fail those whose last attempt ended with its worker, so that nobody was left to write down how."""
        with transaction.atomic():
            hopeless = self._at_their_time().filter(attempts__gte=settings.OUTBOX_MAX_ATTEMPTS)
            pks = list(hopeless.select_for_update(skip_locked=True).values_list("pk", flat=True))
            self.filter(pk__in=pks).update(
                status=OutgoingMail.Status.FAILED, last_error="The last attempt never came to an end: its worker was killed."
            )
            for mail in self.filter(pk__in=pks):
                delivery_hooks.notify_listeners(mail)

    def _at_their_time(self) -> Self:
        return self.filter(status=OutgoingMail.Status.QUEUED, next_attempt_at__lte=Now())


class OutgoingMail(models.Model):
    """An e-mail to one recipient: written in the caller's transaction, sent by a worker after the commit."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    agency = models.ForeignKey(
        "agencies.Agency", verbose_name=_("Agency"), on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    #: Whom it concerns, so that an erasure finds it; customers is a later app, so no foreign key.
    customer_id = models.BigIntegerField(_("Customer ID"), null=True, blank=True)
    kind = models.CharField(_("Kind"), max_length=80, help_text=_("Template"))
    to_email = models.EmailField(_("To"))
    from_name = models.CharField(_("Sender name"), max_length=150, blank=True)
    reply_to = models.EmailField(_("Reply to"), blank=True)
    subject = models.CharField(_("Subject"), max_length=300)
    #: {"text": …, "html": …, "headers": …} as JSON, sealed with `BODIES`.
    sealed_body = models.BinaryField(_("Encrypted body"))
    message_id = models.CharField("Message-ID", max_length=200, unique=True)
    #: Which conversation it belongs to ("contact_request:17"), so that what goes with that finds its mails.
    thread = models.CharField(_("Conversation"), max_length=60, blank=True)
    #: Message-IDs of the conversation's earlier mails to the recipient, oldest first, with spaces between.
    references = models.TextField(_("Earlier e-mails"), blank=True)
    #: Somebody typed it; all else says that it came by itself.
    by_hand = models.BooleanField(_("Written by a person"), default=False)
    #: The id of the request, or of the job, that wrote it: what the log says of the sending carries the same.
    request_id = models.CharField(_("Request ID"), max_length=36, blank=True, db_default="")

    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("Attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("Next attempt"), db_default=Now())
    #: When it was last handed to the broker: what isn't sent long after that was lost there.
    enqueued_at = models.DateTimeField(_("Sent to broker"), db_default=Now())
    last_error = models.TextField(_("Last error"), blank=True)
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)
    sent_at = models.DateTimeField(_("Sent at"), null=True, blank=True)

    objects: ClassVar[OutgoingMailQuerySet] = OutgoingMailQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("outgoing e-mail")
        verbose_name_plural = _("outgoing e-mails")
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outbox_due", condition=Q(status="queued")),
            models.Index(fields=["agency", "-id"], name="outbox_of_agency"),
            models.Index(fields=["customer_id"], name="outbox_of_customer", condition=Q(customer_id__isnull=False)),
            models.Index(fields=["thread"], name="outbox_of_thread", condition=~Q(thread="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["queued", "sent", "failed"]), name="outbox_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | ~Q(status="sent") & Q(sent_at__isnull=True),
                name="outbox_sent_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to_email}"

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.kind

    @property
    def text(self) -> str:
        """The plain-text part."""
        return str(self._body["text"])

    @property
    def html(self) -> str:
        """The HTML part; empty when the mail has none."""
        return str(self._body["html"])

    @property
    def headers(self) -> dict[str, str]:
        """Headers besides the usual ones."""
        return dict(self._body.get("headers", {}))

    @property
    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(BODY_CIPHER.decrypt(self.sealed_body))
        return body

    def mark_sent(self) -> None:
        """SMTP has accepted it."""
        self._set(status=self.Status.SENT, sent_at=Now(), last_error="")
        delivery_hooks.notify_listeners(self)

    def mark_refused(self, error: str) -> None:
        """No further attempt can help."""
        self._set(status=self.Status.FAILED, last_error=_readable(error))
        delivery_hooks.notify_listeners(self)

    def put_off(self, error: str) -> None:
        """Try again later, or, after the last attempt, fail for good.

        The pause doubles from attempt to attempt, up to `MAX_PAUSE`, and is then shortened by up to 20 %, so that a
        thousand mails that failed together don't come back together.
        """
        if self.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            self.mark_refused(error)
            return
        pause = min(settings.OUTBOX_RETRY_DELAY * 2 ** (self.attempts - 1), MAX_BACKOFF) * random.uniform(0.8, 1)  # noqa: S311
        self._set(next_attempt_at=Now() + timedelta(seconds=pause), last_error=_readable(error))

    def _set(self, **values: object) -> None:
        OutgoingMail.objects.filter(pk=self.pk, status=self.Status.QUEUED).update(**values)


def _readable(error: str) -> str:
    """What a server said, as far as the database takes it (no NUL) and anybody reads it."""
    return error.replace("\0", "\N{REPLACEMENT CHARACTER}")[:1000]
