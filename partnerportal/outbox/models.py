"""The outbox: every e-mail is stored as an `OutgoingMail` before it is sent."""

import json
import logging
import random
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import InterfaceError, OperationalError, connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Cast, Concat, Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from partnerportal.core.db_functions import FoldText
from partnerportal.core.encryption import Encryptor
from partnerportal.core.search import words

logger = logging.getLogger(__name__)

#: Encrypts bodies, because they contain personal links and codes.
BODY_CIPHER = Encryptor("partnerportal.outbox.body")
#: Maximum delay between two attempts, in seconds.
MAX_BACKOFF = 4 * 60 * 60

#: Functions that other apps registered with `on_delivery`, by e-mail kind.
_delivery_hooks: dict[str, Callable[["OutgoingMail"], None]] = {}


def on_delivery(kind: str, hook: Callable[["OutgoingMail"], None]) -> None:
    """Call `hook` with each e-mail of this kind once its `status` is sent or failed."""
    _delivery_hooks[kind] = hook


class DeliveryStatus(models.TextChoices):
    """Delivery status of an e-mail."""

    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")


#: Written out, because building it takes longer than its execution, which every e-mail needs.
_MARK_SENT = """
    UPDATE outbox_outgoingmail SET status = 'sent', sent_at = statement_timestamp(), last_error = ''
    WHERE id = %s AND status = 'queued'
"""


def searched_text() -> FoldText:
    """Return the text in which searches find an e-mail: its subject and recipient."""
    return FoldText(Concat("subject", models.Value(" "), "to_email", output_field=models.TextField()))


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    """E-mails and the guarded transitions of their delivery."""

    def for_agency(self, agency: models.Model) -> Self:
        """Return the e-mails the agency can see; e-mails about accounts belong to no agency."""
        # GIN can't compare the search index's bigint with an integer.
        return self.filter(agency=Cast(models.Value(agency.pk), models.BigIntegerField()))

    def unseen(self) -> Self:
        """Return the failed e-mails that no member has marked as seen."""
        return self.filter(status=DeliveryStatus.FAILED, seen_at__isnull=True)

    def matching(self, query: str) -> Self:
        """Return the e-mails whose subject or recipient contains each word, ignoring accents and case."""
        mails = self.alias(searched=searched_text())
        for word in words(query):
            mails = mails.filter(searched__contains=FoldText(models.Value(word)))
        return mails

    def due(self) -> Self:
        """Return queued e-mails whose next attempt is due by the database clock, which all workers share."""
        return self._scheduled().filter(attempts__lt=settings.OUTBOX_MAX_ATTEMPTS)

    def stalled(self) -> Self:
        """Return due e-mails that no worker is processing: not sent to the broker since, or longer ago than the lease."""
        lease = timedelta(seconds=settings.OUTBOX_LEASE)
        return self.due().filter(Q(sent_to_broker_at__lt=models.F("next_attempt_at")) | Q(sent_to_broker_at__lte=Now() - lease))

    def claim(self, pk: int) -> bool:
        """Claim a due e-mail for one attempt. Return False if another worker has claimed it.

        Counts the attempt and postpones the next one *before* SMTP. An e-mail that crashes its
        worker therefore runs out of attempts, and one whose worker was killed is due after the lease.
        """
        return bool(self._claim(self.filter(pk=pk)))

    def claim_new(self, pks: Collection[int]) -> list[int]:
        """Claim those of several due e-mails that were never attempted, and return them in their order.

        Each later attempt is claimed separately, so that an e-mail that crashes its worker doesn't use up
        the attempts of others.
        """
        return self._claim(self.filter(pk__in=pks, attempts=0))

    def release(self, pks: Collection[int]) -> None:
        """Give up the claims of `claim_new` for e-mails whose attempt hasn't begun."""
        claimed = self.filter(pk__in=pks, status=DeliveryStatus.QUEUED, attempts=1)
        claimed.update(attempts=0, next_attempt_at=Now(), sent_to_broker_at=Now())

    def _claim(self, mails: Self) -> list[int]:
        lease = timedelta(seconds=settings.OUTBOX_LEASE)
        with transaction.atomic():
            free = list(mails.due().order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True))
            self.filter(pk__in=free).update(attempts=models.F("attempts") + 1, next_attempt_at=Now() + lease)
        return free

    def requeue(self, pks: Collection[int]) -> None:
        """Make e-mails the broker didn't accept due again, so that the next sweep finds them before their lease ends."""
        self.due().filter(pk__in=pks).update(next_attempt_at=Now())

    def fail_exhausted(self) -> None:
        """Mark e-mails as failed whose worker was killed during the last attempt."""
        with transaction.atomic():
            exhausted = self._scheduled().filter(attempts__gte=settings.OUTBOX_MAX_ATTEMPTS)
            pks = list(exhausted.select_for_update(skip_locked=True).values_list("pk", flat=True))
            self.filter(pk__in=pks).update(
                status=DeliveryStatus.FAILED, last_error="The last attempt never came to an end: its worker was killed."
            )
            for mail in self.filter(pk__in=pks):
                mail._run_delivery_hook()

    def _scheduled(self) -> Self:
        return self.filter(status=DeliveryStatus.QUEUED, next_attempt_at__lte=Now())


class OutgoingMail(models.Model):
    """An e-mail to one recipient. Created in the caller's transaction and sent by a worker after the commit."""

    Status = DeliveryStatus

    agency = models.ForeignKey(
        # Each index but those of the delivery begins with it.
        "agencies.Agency",
        verbose_name=_("Agency"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    #: The customer it concerns, for erasure. Not a foreign key because this app must not import customers.
    customer_id = models.BigIntegerField(_("Customer ID"), null=True, blank=True)
    #: The recipient is a member of the agency's team, and not a customer or client of it.
    to_team = models.BooleanField(_("For the team"), default=False, db_default=False)
    kind = models.CharField(_("Kind"), max_length=80, help_text=_("Template"))
    to_email = models.EmailField(_("To"))
    from_name = models.CharField(_("Sender name"), max_length=150, blank=True)
    reply_to = models.EmailField(_("Reply to"), blank=True)
    subject = models.CharField(_("Subject"), max_length=300)
    #: {"text": …, "html": …, "headers": …} as JSON, encrypted with `BODY_CIPHER`.
    encrypted_body = models.BinaryField(_("Encrypted body"))
    message_id = models.CharField("Message-ID", max_length=200, unique=True)
    #: Conversation it belongs to ("contact_request:17"); also finds the e-mails of an object to delete.
    thread = models.CharField(_("Conversation"), max_length=60, blank=True)
    #: Space-separated Message-IDs of the conversation's earlier e-mails to the recipient, oldest first.
    references = models.TextField(_("Earlier e-mails"), blank=True)
    #: A person typed the text. All other e-mails are marked as auto-generated (`Auto-Submitted`).
    written_by_person = models.BooleanField(_("Written by a person"), default=False)
    #: ID of the HTTP request or job that created it. Log entries about its delivery have the same ID.
    request_id = models.CharField(_("Request ID"), max_length=36, blank=True, db_default="")

    status = models.CharField(_("Status"), max_length=10, choices=DeliveryStatus, default=DeliveryStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("Attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("Next attempt"), db_default=Now())
    #: When its task was last sent to the broker. A task not processed within the lease counts as lost.
    sent_to_broker_at = models.DateTimeField(_("Sent to broker"), db_default=Now())
    last_error = models.TextField(_("Last error"), blank=True)
    created_at = models.DateTimeField(_("Written"), auto_now_add=True)
    sent_at = models.DateTimeField(_("Sent at"), null=True, blank=True)
    #: When a member marked the failed e-mail as seen. Failed e-mails are kept until then.
    seen_at = models.DateTimeField(_("Seen"), null=True, blank=True)

    objects: ClassVar[OutgoingMailQuerySet] = OutgoingMailQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("outgoing e-mail")
        verbose_name_plural = _("outgoing e-mails")
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outbox_due", condition=Q(status="queued")),
            models.Index(fields=["agency", "-id"], name="outbox_of_agency"),
            # For statuses, recipients and kinds that are rare among the e-mails of an agency.
            models.Index(fields=["agency", "-id"], name="outbox_unsent", condition=~Q(status="sent")),
            models.Index(fields=["agency", "-id"], name="outbox_to_team", condition=Q(to_team=True)),
            models.Index(fields=["agency", "kind", "-id"], name="outbox_of_kind"),
            GinIndex(models.F("agency"), OpClass(searched_text(), "gin_trgm_ops"), name="outbox_search"),
            # For the figures of the delivery and the administrators' start page.
            models.Index(fields=["-id"], name="outbox_failed", condition=Q(status="failed", seen_at__isnull=True)),
            # For the deletion of old e-mails.
            models.Index(fields=["sent_at"], name="outbox_sent", condition=Q(status="sent")),
            models.Index(fields=["created_at"], name="outbox_seen", condition=Q(seen_at__isnull=False)),
            models.Index(fields=["customer_id"], name="outbox_of_customer", condition=Q(customer_id__isnull=False)),
            models.Index(fields=["thread"], name="outbox_of_thread", condition=~Q(thread="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="outbox_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | ~Q(status="sent") & Q(sent_at__isnull=True),
                name="outbox_sent_has_its_time",
            ),
            models.CheckConstraint(condition=Q(seen_at__isnull=True) | Q(status="failed"), name="outbox_seen_is_failed"),
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
        """The HTML part; empty for plain-text e-mails."""
        return str(self._body["html"])

    @property
    def headers(self) -> dict[str, str]:
        """Additional headers."""
        return dict(self._body.get("headers", {}))

    @cached_property
    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(BODY_CIPHER.decrypt(self.encrypted_body))
        return body

    def mark_sent(self) -> None:
        """Record that the SMTP server accepted the e-mail."""
        with connection.cursor() as cursor:
            cursor.execute(_MARK_SENT, [self.pk])
        self._run_delivery_hook()

    def mark_failed(self, error: str) -> None:
        """Record that no further attempt can succeed."""
        self._update(status=DeliveryStatus.FAILED, last_error=_readable(error))
        self._run_delivery_hook()

    def reschedule(self, error: str) -> None:
        """Schedule another attempt, or mark the e-mail as failed after the last one.

        The delay doubles after each attempt, up to `MAX_BACKOFF`. It is shortened by up to 20 % at
        random, so that e-mails that failed together aren't retried together.
        """
        if self.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            self.mark_failed(error)
            return
        delay = min(settings.OUTBOX_RETRY_DELAY * 2 ** (self.attempts - 1), MAX_BACKOFF) * random.uniform(0.8, 1)  # noqa: S311
        self._update(next_attempt_at=Now() + timedelta(seconds=delay), last_error=_readable(error))

    def _update(self, **values: object) -> None:
        OutgoingMail.objects.filter(pk=self.pk, status=DeliveryStatus.QUEUED).update(**values)

    def _run_delivery_hook(self) -> None:
        """Run the hook of this kind. Its failures are logged, because a rollback would send the e-mail twice."""
        hook = _delivery_hooks.get(self.kind)
        if hook is None:
            return
        self.refresh_from_db(fields=["status"])
        try:
            with transaction.atomic():
                hook(self)
        except (OperationalError, InterfaceError):
            # The database is unavailable: the caller retries saving the outcome.
            raise
        except Exception:
            logger.exception("Delivery hook for e-mail %s failed", self.pk)


class DeletedMail(models.Model):
    """The Message-ID of a deleted e-mail of a conversation, which later e-mails of the conversation reference."""

    thread = models.CharField(_("Conversation"), max_length=60, db_index=True)
    to_email = models.EmailField(_("To"))
    message_id = models.CharField("Message-ID", max_length=200, unique=True)

    class Meta:
        verbose_name = _("deleted e-mail")
        verbose_name_plural = _("deleted e-mails")

    def __str__(self) -> str:
        return self.message_id


def _readable(error: str) -> str:
    """Return the error in the form the database can store: without NUL, up to 1,000 characters."""
    return error.replace("\0", "\N{REPLACEMENT CHARACTER}")[:1000]
