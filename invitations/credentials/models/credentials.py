"""Credentials that clients hand over, and who revealed them."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from uuid import uuid4

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from invitations.credentials.models.needs import AccessNeed
from invitations.models.areas import Area
from invitations.models.invitations import AccessInvitation
from partnerportal.core.constraints import SameParent

#: Period between the first reveal of a credential and its deletion.
KEPT_AFTER_REVEAL = timedelta(days=30)


class DeletionReason(models.TextChoices):
    """Why a credential was deleted."""

    CLIENT = "client", _("deleted by the client")
    REPLACED = "replaced", _("replaced by the client")
    REVOKED = "revoked", _("deleted because access was revoked")
    ENDED = "ended", _("deleted because access ended")
    NARROWED = "narrowed", _("deleted because access no longer covers this area")
    REVEALED = "revealed", _("deleted 30 days after the first reveal")


class CredentialQuerySet(models.QuerySet["Credential"]):
    """Queryset of credentials. Pages use it without the encrypted values."""

    def current(self) -> Self:
        """Return the credentials that can be revealed."""
        return self.filter(deleted_at=None)

    def overdue(self, now: datetime | None = None) -> Self:
        """Return the credentials whose period after the first reveal has passed."""
        return self.current().filter(first_revealed_at__lte=(now or timezone.now()) - KEPT_AFTER_REVEAL)

    def delete_secrets(self, reason: DeletionReason) -> int:
        """Delete the encrypted values and return their number. The rows remain as a record."""
        return self.current().update(sealed=None, deleted_at=timezone.now(), deleted_because=reason)


class Credential(models.Model):
    """A credential for one need. The encrypted value is deleted with the access; the row remains until an erasure.

    Only services that reveal or re-encrypt fetch `sealed`.
    """

    Reason = DeletionReason

    need = models.ForeignKey(AccessNeed, verbose_name=_("need"), on_delete=models.CASCADE, related_name="credentials")
    invitation = models.ForeignKey(
        AccessInvitation, verbose_name=_("access invitation"), on_delete=models.CASCADE, related_name="credentials"
    )
    area = models.CharField(_("Area"), max_length=20, choices=Area)
    #: Identifies the credential in the authenticated data of its encryption.
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    #: The encrypted content; see `invitations.credentials.encryption`.
    sealed = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(_("Shared on"), auto_now_add=True)
    first_revealed_at = models.DateTimeField(_("First revealed"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("Deleted"), null=True, blank=True)
    deleted_because = models.CharField(_("Reason"), max_length=10, choices=DeletionReason, blank=True)

    objects: ClassVar[CredentialQuerySet] = CredentialQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        indexes = [
            models.Index(
                fields=["first_revealed_at"],
                name="credential_overdue",
                condition=Q(deleted_at=None, first_revealed_at__isnull=False),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed__isnull=False, deleted_at=None, deleted_because="")
                | Q(sealed=None, deleted_at__isnull=False, deleted_because__in=DeletionReason.values),
                name="credential_deleted_has_no_secret",
            ),
            models.UniqueConstraint(fields=["need"], condition=Q(deleted_at=None), name="credential_current_once"),
            SameParent(field="need", parent="invitation", name="credential_access_of_its_need"),
            SameParent(field="need", parent="area", name="credential_area_of_its_need"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="needs_access",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__sealed__isnull=False),
                # The lock makes a concurrent end or change of the access wait, and its trigger deletes this credential.
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    """
                    PERFORM 1 FROM invitations_accessinvitation WHERE id = NEW.invitation_id AND status = 'connected'
                    AND (scope = 'full' OR NEW.area = ANY(areas)) FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'a credential needs connected access to its area'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'credential_needs_access';
                    END IF;
                    RETURN NEW;
                    """
                ),
            ),
            pgtrigger.ReadOnly(name="bound", fields=["need", "invitation", "area", "key", "created_at"]),
            pgtrigger.Protect(name="stays_deleted", operation=pgtrigger.Update, condition=pgtrigger.Q(old__sealed__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.need_id}: {self.key}"

    @property
    def place(self) -> str:
        """The place that the encryption binds the content to."""
        return f"credential {self.key} of need {self.need_id} of access {self.invitation_id} to {self.area}"

    @property
    def deletes_at(self) -> datetime | None:
        """When the credential is deleted; None before the first reveal."""
        return self.first_revealed_at + KEPT_AFTER_REVEAL if self.first_revealed_at else None

    @property
    def agency(self) -> Any:
        """The agency that can reveal it."""
        return self.invitation.agency


class CredentialReveal(models.Model):
    """That a member revealed a credential. The client sees it."""

    credential = models.ForeignKey(Credential, verbose_name=_("credential"), on_delete=models.CASCADE, related_name="reveals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Revealed by"), on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("Revealed"), auto_now_add=True)

    objects: ClassVar[models.Manager["CredentialReveal"]] = models.Manager()

    class Meta:
        verbose_name = _("reveal of a credential")
        verbose_name_plural = _("reveals of credentials")
        triggers = [pgtrigger.ReadOnly(name="stays", fields=["credential", "created_at"])]

    def __str__(self) -> str:
        return f"{self.credential_id}: {self.by_id}"
