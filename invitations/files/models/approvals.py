"""Approvals: an agency asks the clients of a customer to approve a text or one version of a file."""

import hashlib
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import Customer
from invitations.files.models.files import FileVersion, SharedFile
from invitations.models.areas import Area
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Maximum length of a text to approve, in characters.
TEXT_LENGTH = 20_000
#: Maximum length of a comment, in characters.
COMMENT_LENGTH = 2_000


class Outcome(models.TextChoices):
    """What a client decided."""

    APPROVED = "approved", _("approved")
    CHANGES_REQUESTED = "changes", _("changes requested")


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as the database computes it."""
    return hashlib.sha256(text.encode()).hexdigest()


class TextDigest(Func):
    """SHA-256 of a text in UTF-8, in hexadecimal digits."""

    template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    output_field = models.CharField()


class Approval(models.Model):
    """A request to approve exactly this text, or this version of a file.

    open → approved | changes requested (by a client) | withdrawn (by the agency)
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("approval", "open")
        APPROVED = "approved", Outcome.APPROVED.label
        CHANGES_REQUESTED = "changes", Outcome.CHANGES_REQUESTED.label
        WITHDRAWN = "withdrawn", _("withdrawn")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.RESTRICT, related_name="approvals")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.RESTRICT, related_name="approvals")
    title = models.CharField(_("Title"), max_length=150, validators=[validate_one_line])
    text = models.TextField(_("Text"), max_length=TEXT_LENGTH, blank=True, validators=[validate_plain_text])
    #: Area of a text. A file has its own, which can change.
    area = models.CharField(_("Area"), max_length=20, choices=Area, blank=True)
    file = models.ForeignKey(SharedFile, verbose_name=_("shared file"), on_delete=models.RESTRICT, null=True, related_name="approvals")
    version = models.ForeignKey(FileVersion, verbose_name=_("Version"), on_delete=models.RESTRICT, null=True, related_name="approvals")
    #: Hash of the text or version, which the decision repeats.
    sha256 = models.CharField("SHA-256", max_length=64)
    status = models.CharField(_("Status"), max_length=10, choices=Status, default=Status.OPEN)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Requested by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("Requested"), auto_now_add=True)

    objects: ClassVar[TenantQuerySet["Approval"]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        indexes = [models.Index(fields=["customer", "-id"], name="approval_of_customer")]
        constraints = [
            models.UniqueConstraint(fields=["id", "sha256"], name="approval_same_content_target"),
            models.UniqueConstraint(fields=["version"], condition=~Q(status="withdrawn"), name="approval_once_per_version"),
            models.CheckConstraint(
                condition=Q(file=None, version=None, area__in=Area.values) & ~Q(text="")
                | Q(file__isnull=False, version__isnull=False, text="", area=""),
                name="approval_of_text_or_version",
            ),
            models.CheckConstraint(condition=Q(text="") | Q(sha256=TextDigest(F("text"))), name="approval_has_the_hash_of_its_text"),
            SameParent(field="customer", parent="agency", name="approval_customer_same_agency"),
            SameParent(field="file", parent="customer", name="approval_file_same_customer"),
            SameParent(field="version", parent="file", name="approval_version_same_file"),
            SameParent(field="version", parent="sha256", name="approval_version_same_content"),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="same_content", fields=["agency", "title", "text", "area", "file", "version", "sha256", "created_at"]),
            pgtrigger.FSM(name="steps", field="status", transitions=[("open", "approved"), ("open", "changes"), ("open", "withdrawn")]),
            pgtrigger.Protect(name="begins", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__status="open")),
            pgtrigger.Trigger(
                name="decided_by_decision",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__status="open", new__status__in=["approved", "changes"]),
                # The trigger of the decision is one level above.
                func="""
                    IF pg_trigger_depth() < 2 THEN
                        RAISE EXCEPTION 'pgtrigger: Only a decision can decide an approval';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="stays",
                operation=pgtrigger.Delete,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                condition=~pgtrigger.Q(old__status="withdrawn"),
                # Deferred, because an erasure deletes the approval before it empties the customer.
                func="""
                    IF EXISTS (SELECT 1 FROM customers_customer WHERE id = OLD.customer_id AND status <> 'erased') THEN
                        RAISE EXCEPTION 'pgtrigger: Cannot delete rows from invitations_approval table';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the page for staff."""
        return reverse("invitations:shared_approval", args=[self.customer_id, self.pk])

    @property
    def audit_label(self) -> str:
        """Label in audit events, without the title, which can contain personal data."""
        return self.customer.reference

    @property
    def is_open(self) -> bool:
        """Whether a client can still decide."""
        return self.status == self.Status.OPEN

    @property
    def effective_area(self) -> str:
        """The area that a client’s access must include."""
        return self.file.area if self.file else self.area

    def ensure_open(self) -> None:
        """Raise InvalidTransition if the approval was decided or withdrawn."""
        if not self.is_open:
            raise InvalidTransition(self.status, self)


class ApprovalDecision(models.Model):
    """The one decision about an approval. It never changes, and is deleted only when the customer is erased."""

    approval = models.OneToOneField(Approval, verbose_name=_("approval"), on_delete=models.CASCADE, related_name="decision")
    outcome = models.CharField(_("Decision"), max_length=10, choices=Outcome)
    comment = models.TextField(_("Comment"), max_length=COMMENT_LENGTH, blank=True, validators=[validate_plain_text])
    #: Hash of what the client saw.
    sha256 = models.CharField("SHA-256", max_length=64)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Decided by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("Decided"), auto_now_add=True)

    objects: ClassVar[models.Manager["ApprovalDecision"]] = models.Manager()

    class Meta:
        verbose_name = _("decision about an approval")
        verbose_name_plural = _("decisions about approvals")
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="approval_decision_is_known"),
            models.CheckConstraint(condition=Q(outcome="approved") | ~Q(comment=""), name="approval_changes_have_a_comment"),
            SameParent(field="approval", parent="sha256", name="approval_decision_same_content"),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="never_changes", fields=["approval", "outcome", "comment", "sha256", "created_at"]),
            pgtrigger.Trigger(
                name="decides",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                    UPDATE invitations_approval SET status = NEW.outcome WHERE id = NEW.approval_id AND status = 'open';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'pgtrigger: Only open approvals can be decided';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="stays",
                operation=pgtrigger.Delete,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT 1 FROM invitations_approval WHERE id = OLD.approval_id) THEN
                        RAISE EXCEPTION 'pgtrigger: Cannot delete rows from invitations_approvaldecision table';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()

    @property
    def name_for_clients(self) -> str:
        """The name of who decided, as all clients of the customer see it: never their address."""
        return (self.decided_by and self.decided_by.full_name) or str(_("Client"))
