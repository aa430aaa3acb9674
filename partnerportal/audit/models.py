"""`AuditEvent`: who did what to which object, when and from where."""

from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Events, newest first."""

    def for_agency(self, agency: models.Model) -> Self:
        """Only what this agency may see."""
        return self.filter(agency=agency)

    def of_customer(self, customer_id: int) -> Self:
        """A customer's timeline."""
        return self.filter(customer_id=customer_id).order_by("-pk")


class AuditEvent(models.Model):
    """One thing that happened. Written with the change it tells of, never changed or deleted by the application.

    It must stay readable when its subject is gone, so it points to nothing by foreign key but the agency, and keeps
    labels instead. It must also never hold back what an erasure has to remove: labels are numbers and titles of our
    own ("K-1001"), `data` names changed fields but not their contents, and the network address is kept of people who
    signed in only.
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
    #: The customer in whose timeline this stands.
    customer_id = models.BigIntegerField(_("Customer ID"), null=True)
    data = models.JSONField(_("Details"), default=dict)
    source = models.CharField(_("Source"), max_length=10, choices=Source)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)

    #: The object's current name, set by the view that shows the event. It is never stored, because events outlive an erasure.
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
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"

    @property
    def sentence(self) -> str:
        """What happened, in the reader's language."""
        from partnerportal.audit.descriptions import describe

        return describe(self)

    @property
    def icon(self) -> str:
        """Name of the heroicon for the timeline."""
        from partnerportal.audit.descriptions import icon

        return icon(self)
