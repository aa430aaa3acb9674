"""The audit log: who did what to which object, when and from where."""

from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import DESCRIPTIONS, describe
from partnerportal.core.querysets import TenantQuerySet


class AuditEventQuerySet(TenantQuerySet["AuditEvent"]):
    """Queryset of audit events."""

    def of_customer(self, customer_id: int, *merged: int) -> Self:
        """Return the timeline of a customer and those `merged` into it, newest events first.

        A merge is an event of both customers, but shown once.
        """
        if not merged:
            return self.filter(customer_id=customer_id).order_by("-pk")
        of_merged = Q(customer_id__in=merged) & ~Q(action="customer.merged")
        return self.filter(Q(customer_id=customer_id) | of_merged).order_by("-pk")


class AuditEvent(models.Model):
    """An audit event. Created in the same transaction as the change; never deleted, and only its IP address can be removed later.

    Events outlive their objects: the agency is the only foreign key, everything else is a label.
    They contain no personal data that an erasure would have to remove. Labels are numbers and
    titles assigned by the portal, such as "K-1001". `data` contains names of changed fields, but
    not their values. IP addresses are recorded for signed-in users only.
    """

    class Source(models.TextChoices):
        WEB = "web", _("Portal")
        LINK = "link", _("Personal link")
        ADMIN = "admin", _("Administration")
        SYSTEM = "system", _("System")

    created_at = models.DateTimeField(_("Time"), auto_now_add=True)
    agency = models.ForeignKey(
        "agencies.Agency", verbose_name=_("Agency"), on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    action = models.CharField(_("Action"), max_length=60, help_text=_("Object and past participle, for example customer.created"))
    actor_id = models.BigIntegerField(_("User ID"), null=True)
    actor_label = models.CharField(_("Actor"), max_length=254, blank=True)
    object_type = models.CharField(_("Object type"), max_length=60)
    object_id = models.BigIntegerField(_("Object ID"))
    object_label = models.CharField(_("Object"), max_length=200)
    #: The customer whose timeline contains the event.
    customer_id = models.BigIntegerField(_("Customer ID"), null=True)
    data = models.JSONField(_("Details"), default=dict)
    source = models.CharField(_("Source"), max_length=10, choices=Source)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)

    #: The object's current name, set by `name_items`. Never stored, because events outlive erasures.
    item_name = ""

    objects: ClassVar[models.Manager["AuditEvent"]] = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ("-pk",)
        indexes = [
            models.Index(fields=["customer_id", "-id"], name="audit_timeline", condition=models.Q(customer_id__isnull=False)),
            models.Index(fields=["agency", "-id"], name="audit_of_agency"),
            models.Index(fields=["object_type", "object_id"], name="audit_of_object"),
            # For the removal of old addresses.
            models.Index(fields=["created_at"], name="audit_of_address", condition=models.Q(ip_address__isnull=False)),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_addresses_change", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(exclude=["ip_address"])
            ),
            # `IP_ADDRESS_RETENTION` can't be shorter than this interval.
            pgtrigger.Protect(
                name="addresses_are_only_removed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.ip_address IS NOT NULL OR OLD.created_at > now() - interval '7 days'"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"

    @property
    def sentence(self) -> str:
        """The event as a sentence in the active language."""
        return describe(self.action, label=self.object_label, item_name=self.item_name, data=self.data)

    @property
    def icon(self) -> str:
        """Name of the heroicon that illustrates the event."""
        description = DESCRIPTIONS.get(self.action)
        return description.icon if description else "information-circle"
