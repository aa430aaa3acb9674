"""Files that an agency and the clients of a customer share, with all their versions.

The content is stored in the database in chunks (docs/decisions/0048).
"""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from invitations.files.models.types import LABELS
from invitations.models.areas import Area
from partnerportal.agencies.models import Agency
from partnerportal.core.constraints import SameParent
from partnerportal.core.querysets import TenantQuerySet
from partnerportal.core.validators import validate_one_line

#: Size of a stored chunk, in bytes.
CHUNK_SIZE = 256 * 1024
#: Maximum length of a file name, in characters.
NAME_LENGTH = 150
#: Name of the error that the database raises for a file beyond the quota.
QUOTA_EXCEEDED = "file_quota_exceeded"


class FileQuotaQuerySet(TenantQuerySet["FileQuota"]):
    def ensure(self, agency: Agency) -> None:
        """Create the agency's row if it has none. If it follows the default, apply the present one."""
        default = settings.FILE_QUOTA_MB * 1024 * 1024
        self.bulk_create([FileQuota(agency_id=agency.pk, maximum=default)], ignore_conflicts=True)
        self.for_agency(agency).filter(follows_default=True).exclude(maximum=default).update(maximum=default)


class FileQuota(models.Model):
    """Space that the files of an agency use, and their limit. Triggers on `FileVersion` count and enforce it."""

    agency = models.OneToOneField(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="file_quota")
    used = models.PositiveBigIntegerField(_("Used bytes"), default=0, editable=False)
    maximum = models.PositiveBigIntegerField(_("Maximum in bytes"))
    follows_default = models.BooleanField(_("The portal’s default applies"), default=True)

    objects: ClassVar[FileQuotaQuerySet] = FileQuotaQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("file quota")
        verbose_name_plural = _("file quotas")

    def __str__(self) -> str:
        return str(self.agency)


class SharedFileQuerySet(TenantQuerySet["SharedFile"]):
    def with_newest(self) -> Self:
        """Annotate each file with the key of its newest version as `newest_id`."""
        versions = FileVersion.objects.filter(file=models.OuterRef("pk")).order_by("-number")
        return self.annotate(newest_id=models.Subquery(versions.values("pk")[:1]))


class SharedFile(models.Model):
    """A file of the agency, which clients see once it is shared, or of a client, which is always shared."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.RESTRICT, related_name="shared_files")
    customer = models.ForeignKey(Customer, verbose_name=_("Customer"), on_delete=models.RESTRICT, related_name="shared_files")
    title = models.CharField(_("Title"), max_length=150, validators=[validate_one_line])
    #: Clients whose access includes this area see the file.
    area = models.CharField(_("Area"), max_length=20, choices=Area)
    is_shared = models.BooleanField(_("Shared with the client"), default=False)
    from_client = models.BooleanField(_("From a client"), default=False)
    #: The member, or the client.
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Uploaded by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("Uploaded"), auto_now_add=True)

    objects: ClassVar[SharedFileQuerySet] = SharedFileQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("shared file")
        verbose_name_plural = _("shared files")
        indexes = [models.Index(fields=["customer", "-id"], name="shared_file_of_customer")]
        constraints = [
            models.UniqueConstraint(fields=["id", "agency"], name="shared_file_same_agency_target"),
            models.UniqueConstraint(fields=["id", "customer"], name="shared_file_same_customer_target"),
            models.CheckConstraint(condition=Q(area__in=Area.values), name="shared_file_area_is_known"),
            models.CheckConstraint(condition=Q(from_client=False) | Q(is_shared=True), name="shared_file_of_client_is_shared"),
            SameParent(field="customer", parent="agency", name="shared_file_customer_same_agency"),
        ]
        triggers = [pgtrigger.ReadOnly(name="same_owner", fields=["agency", "from_client"])]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the page for staff."""
        return reverse("invitations:shared_file", args=[self.customer_id, self.pk])

    @property
    def audit_label(self) -> str:
        """Label in audit events, without the title, which can contain personal data."""
        return self.customer.reference


class FileVersion(models.Model):
    """One upload of a file. It never changes."""

    file = models.ForeignKey(SharedFile, verbose_name=_("shared file"), on_delete=models.CASCADE, related_name="versions")
    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.RESTRICT, related_name="+")
    number = models.PositiveIntegerField(_("Version"))
    #: File name without characters that are dangerous in names (`invitations/files/content.py`).
    name = models.CharField(_("File name"), max_length=NAME_LENGTH)
    #: Media type detected from the content.
    content_type = models.CharField(_("Type"), max_length=100)
    size = models.PositiveIntegerField(_("Size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Uploaded by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("Uploaded"), auto_now_add=True)

    objects: ClassVar[models.Manager["FileVersion"]] = models.Manager()

    class Meta:
        verbose_name = _("version of a file")
        verbose_name_plural = _("versions of files")
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="file_version_once"),
            models.UniqueConstraint(fields=["id", "file"], name="file_version_same_file_target"),
            models.UniqueConstraint(fields=["id", "sha256"], name="file_version_same_content_target"),
            models.CheckConstraint(condition=Q(size__gt=0), name="file_version_is_not_empty"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="file_version_has_its_hash"),
            SameParent(field="file", parent="agency", name="file_version_file_same_agency"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="never_changes", fields=["file", "agency", "number", "name", "content_type", "size", "sha256", "created_at"]
            ),
            pgtrigger.Trigger(
                name="uses_quota",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                # Concurrent uploads wait for the row, so that their sum can't exceed the limit.
                func=pgtrigger.Func(  # type: ignore[no-untyped-call]
                    f"""
                    UPDATE invitations_filequota SET used = used + NEW.size
                    WHERE agency_id = NEW.agency_id AND used + NEW.size <= maximum;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION '{QUOTA_EXCEEDED}' USING ERRCODE = 'check_violation', CONSTRAINT = '{QUOTA_EXCEEDED}';
                    END IF;
                    RETURN NEW;
                    """  # noqa: S608  # a constant
                ),
            ),
            pgtrigger.Trigger(
                name="returns_quota",
                operation=pgtrigger.Delete,
                when=pgtrigger.After,
                func="UPDATE invitations_filequota SET used = used - OLD.size WHERE agency_id = OLD.agency_id; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def type_label(self) -> str:
        """What kind of file it is, in the user's language."""
        return str(LABELS.get(self.content_type, _("File")))

    @property
    def chunk_count(self) -> int:
        """Number of stored chunks."""
        return -(-self.size // CHUNK_SIZE)


class FileChunk(models.Model):
    """Part of the content of a version."""

    version = models.ForeignKey(FileVersion, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    objects: ClassVar[models.Manager["FileChunk"]] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="file_chunk_once")]
        triggers = [pgtrigger.Protect(name="never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.number}"
