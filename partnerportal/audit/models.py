"""The audit log: who did what to which object, when and from where."""

from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import CLOSED_DOMAIN
from partnerportal.audit.descriptions import DESCRIPTIONS, describe
from partnerportal.core.querysets import TenantQuerySet

#: Keys of `data` with names and addresses of members, and with former values of public profiles.
PERSONAL_KEYS = frozenset({"changes", "people", "to"})


#: What happened, and when, never changes. The erasure of a person empties the columns that can name them: those about the
#: actor only once the account is closed, and the label only of events about teams. IP addresses can also be removed after a
#: week, which is the shortest `IP_ADDRESS_RETENTION`.
_ONLY_NAMES_GO = pgtrigger.Func(  # type: ignore[no-untyped-call]
    f"""
    IF to_jsonb(NEW) - ARRAY['actor_label', 'object_label', 'data', 'ip_address']
        IS DISTINCT FROM to_jsonb(OLD) - ARRAY['actor_label', 'object_label', 'data', 'ip_address']
    OR NEW.data - ARRAY['changes', 'people', 'to'] IS DISTINCT FROM OLD.data - ARRAY['changes', 'people', 'to']
    OR NEW.object_label <> OLD.object_label AND NOT (NEW.object_label = '' AND OLD.action LIKE 'team.%')
    OR NEW.actor_label NOT IN ('', OLD.actor_label)
    OR NEW.ip_address IS NOT NULL AND NEW.ip_address IS DISTINCT FROM OLD.ip_address
    OR (
        NEW.actor_label <> OLD.actor_label
        OR NEW.ip_address IS DISTINCT FROM OLD.ip_address AND OLD.created_at > now() - interval '7 days'
    ) AND EXISTS (SELECT 1 FROM accounts_user WHERE id = OLD.actor_id AND email NOT LIKE '%@{CLOSED_DOMAIN}')
    THEN
        RAISE EXCEPTION 'pgtrigger: Cannot update rows from audit_auditevent table';
    END IF;
    RETURN NEW;
    """  # noqa: S608  # a constant
)


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
    """An audit event. Created in the same transaction as the change; never deleted, and updated only to make a person anonymous.

    Events outlive their objects: the agency is the only foreign key, everything else is a label.
    They contain no personal data that the erasure of a customer would have to remove. Labels are numbers and
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
            # For the erasure of a person.
            models.Index(fields=["actor_id"], name="audit_of_actor", condition=models.Q(actor_id__isnull=False)),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
            pgtrigger.Trigger(name="only_names_go", operation=pgtrigger.Update, when=pgtrigger.Before, func=_ONLY_NAMES_GO),
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
