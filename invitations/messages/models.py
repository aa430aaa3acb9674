"""Messages of a customer's thread, what each person has read of it, and clients who want no e-mails about messages.

All changes of a thread lock the customer, so that the keys of its messages follow the order in which they were sent.
"""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from invitations.models.invitations import MESSAGE_LENGTH
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_plain_text


class Side(models.TextChoices):
    """Who wrote a message."""

    AGENCY = "agency", gettext_lazy("Agency")
    CLIENT = "client", gettext_lazy("Client")


class Message(models.Model):
    """A message of a customer's thread. It never changes; only an erasure empties and deletes it.

    An author who closes their account becomes anonymous.
    """

    agency = models.ForeignKey(Agency, verbose_name=gettext_lazy("Agency"), on_delete=models.RESTRICT, related_name="messages")
    customer = models.ForeignKey(
        Customer, verbose_name=gettext_lazy("Customer"), on_delete=models.RESTRICT, related_name="messages", db_index=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=gettext_lazy("Author"), on_delete=models.SET_NULL, null=True, related_name="messages"
    )
    #: As it was then. Empty if the client gave no name or has closed their account.
    author_name = models.CharField(gettext_lazy("Author’s name"), max_length=150, blank=True)
    side = models.CharField(gettext_lazy("Written by"), max_length=10, choices=Side)
    text = models.TextField(gettext_lazy("Message"), max_length=MESSAGE_LENGTH, validators=[validate_plain_text])
    created_at = models.DateTimeField(gettext_lazy("Sent"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["Message"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("message")
        verbose_name_plural = gettext_lazy("messages")
        indexes = [models.Index(fields=["customer", "-id"], name="message_of_customer")]
        constraints = [
            models.CheckConstraint(condition=Q(side__in=Side.values), name="message_side_is_known"),
            SameParent(field="customer", parent="agency", name="message_customer_same_agency"),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="never_changes", fields=["agency", "side", "created_at"]),
            pgtrigger.Protect(
                name="words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__text__df=pgtrigger.F("new__text")) & ~pgtrigger.Q(new__text="")
                | pgtrigger.Q(old__author_name__df=pgtrigger.F("new__author_name")) & ~pgtrigger.Q(new__author_name=""),
            ),
            pgtrigger.Protect(
                name="author_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__author__df=pgtrigger.F("new__author")) & pgtrigger.Q(new__author__isnull=False),
            ),
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete, condition=~pgtrigger.Q(old__text="")),
            pgtrigger.Trigger(
                name="moves_with_a_merge",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__customer__df=pgtrigger.F("new__customer")),
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    """
                    IF EXISTS (
                        SELECT 1 FROM customers_customer WHERE id = OLD.customer_id AND merged_into_id = NEW.customer_id
                        OR id = NEW.customer_id AND merged_into_id = OLD.customer_id
                    ) THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'pgtrigger: Cannot update rows from invitations_message table';
                    """
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.pk}"

    @property
    def is_from_client(self) -> bool:
        """Whether a client wrote it."""
        return self.side == Side.CLIENT

    @property
    def author_label(self) -> str:
        """The author's name, or what is known instead."""
        if self.author_name or self.author_id:
            return self.author_name or (_("Client") if self.is_from_client else str(self.author))
        return _("Former client") if self.is_from_client else _("Former member")


class ReadMarkQuerySet(TenantQuerySet["ReadMark"]):
    def unread(self) -> Self:
        """Return the marks of threads with unread messages."""
        return self.filter(unread__gt=0)

    def of_open_customers(self) -> Self:
        """Return the marks of customers that are neither merged nor erased."""
        return self.filter(customer__status__in=[Customer.Status.ACTIVE, Customer.Status.ARCHIVED])


class ReadMark(models.Model):
    """What a person has read of a customer's thread. Exists for members and clients who could read one of its messages."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="read_marks", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="read_marks", db_index=False)
    #: Key of the latest message that the person has read or written.
    last_read = models.BigIntegerField(default=0)
    #: Key of the latest message that the person can read.
    last_message = models.BigIntegerField(default=0)
    #: Number of later messages that others have written.
    unread = models.PositiveIntegerField(default=0)
    #: Whether an e-mail was sent about one of these. There is no second one until they are read.
    is_notified = models.BooleanField(default=False)

    objects: ClassVar[ReadMarkQuerySet] = ReadMarkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = gettext_lazy("read mark")
        verbose_name_plural = gettext_lazy("read marks")
        indexes = [
            models.Index(fields=["user", "agency", "-last_message"], name="read_mark_of_user"),
            models.Index(fields=["user", "agency"], name="read_mark_unread", condition=Q(unread__gt=0)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer", "user"], name="read_mark_once"),
            models.CheckConstraint(condition=Q(unread__gt=0) | Q(is_notified=False), name="read_mark_notified_is_unread"),
            SameParent(field="customer", parent="agency", name="read_mark_customer_same_agency"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.user_id}"


class MessageOptOut(models.Model):
    """A client who wants no e-mails about messages."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_opt_out")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["MessageOptOut"]] = models.Manager()

    class Meta:
        verbose_name = gettext_lazy("opt-out of e-mails about messages")
        verbose_name_plural = gettext_lazy("opt-outs of e-mails about messages")

    def __str__(self) -> str:
        return str(self.user_id)
