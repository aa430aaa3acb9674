"""Actions on shared files: upload, share, download and delete.

Every action first locks the customer and the access of the client, or the membership of the member. An upload is examined
before that, because the directory of a ZIP archive can take seconds to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from customers.models import Customer
from invitations.files.content import Upload, examine
from invitations.files.mails import files as mails
from invitations.files.models.approvals import Approval
from invitations.files.models.files import CHUNK_SIZE, QUOTA_EXCEEDED, FileChunk, FileQuota, FileVersion, SharedFile
from invitations.space.queries import Space
from invitations.space.services import SpaceClosed, lock_for_member, lock_space
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.sizes import file_size

WEB = AuditEvent.Source.WEB


@dataclass(frozen=True)
class Download:
    """A version, and its content in chunks."""

    version: FileVersion
    content: Iterator[bytes]


# --- By staff ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def upload_file(*, customer: Customer, file: IO[bytes], name: str, by: User, **fields: Any) -> SharedFile:
    """Add a file of the agency with its first version, and notify the clients if it is shared.

    Raises:
        ValidationError: The customer is archived, or the agency’s quota is used up.
    """
    upload = examine(file, name=name)
    customer = lock_for_member(customer, by=by)
    shared = _create(customer, from_client=False, by=by, **fields)
    _add_version(shared, upload, file, by=by)
    record("shared_file.uploaded", shared, by=by)
    if shared.is_shared:
        mails.send_file_shared(shared, by=by)
    return shared


@transaction.atomic
def upload_version(shared: SharedFile, *, file: IO[bytes], name: str, by: User) -> FileVersion:
    """Add a version to a file of the agency.

    Raises:
        ValidationError: The customer is archived, the quota is used up, or the file is a client's or was deleted.
    """
    upload = examine(file, name=name)
    lock_for_member(shared.customer, by=by)
    locked = _lock(shared)
    if locked.from_client:
        raise ValidationError(_("Only the client can upload new versions of this file."), "other_side")
    version = _add_version(locked, upload, file, by=by)
    record("shared_file.version_added", locked, by=by)
    if locked.is_shared:
        mails.send_file_shared(locked, by=by)
    return version


@transaction.atomic
def update_file(shared: SharedFile, *, by: User, title: str, area: str, is_shared: bool) -> None:
    """Change title, area and sharing of a file of the agency. Clients are notified when it becomes shared.

    Raises:
        ValidationError: The customer is archived, or the file is a client's or was deleted.
    """
    lock_for_member(shared.customer, by=by)
    locked = _lock(shared)
    if locked.from_client:
        raise ValidationError(_("Files from clients can’t be changed."), "other_side")
    was_shared = locked.is_shared
    if (locked.title, locked.area, was_shared) == (title, area, is_shared):
        return
    locked.title, locked.area, locked.is_shared = title, area, is_shared
    locked.save(update_fields=["title", "area", "is_shared"])
    if was_shared == is_shared:
        record("shared_file.changed", locked, by=by)
    else:
        record("shared_file.shared" if is_shared else "shared_file.unshared", locked, by=by)
    if is_shared and not was_shared:
        mails.send_file_shared(locked, by=by)


@transaction.atomic
def delete_file(shared: SharedFile, *, by: User) -> None:
    """Delete a file with all its versions and withdrawn approvals.

    Raises:
        ValidationError: The customer is archived, or an approval depends on the file.
    """
    lock_for_member(shared.customer, by=by)
    locked = _lock(shared)
    _delete(locked)
    record("shared_file.deleted", locked, by=by)


@transaction.atomic
def download_for_member(version: FileVersion, *, by: User) -> Download:
    """Return the content of a version. Downloads of clients' files are recorded.

    Raises:
        PermissionDenied: `by` was removed from the team.
    """
    shared = version.file
    lock_for_member(shared.customer, by=by, is_read=True)
    if shared.from_client:
        record("shared_file.downloaded", shared, by=by)
    return Download(version, _chunks(version))


# --- By the client -----------------------------------------------------------------------------------------------------


@transaction.atomic
def upload_by_client(*, space: Space, file: IO[bytes], name: str, title: str, area: str) -> SharedFile:
    """Add a file of the client, and notify the agency.

    Raises:
        SpaceClosed: The client's access was ended, or doesn't include the area.
        ValidationError: The customer is archived, or the agency’s quota is used up.
    """
    upload = examine(file, name=name)
    space = lock_space(space, area=area)
    shared = _create(space.customer, from_client=True, by=space.client, title=title, area=area, is_shared=True)
    _add_version(shared, upload, file, by=space.client)
    record("shared_file.received", shared, by=None, source=WEB)
    mails.send_file_received(shared, space=space)
    return shared


@transaction.atomic
def upload_version_by_client(shared: SharedFile, *, space: Space, file: IO[bytes], name: str) -> FileVersion:
    """Add a version to a file that the client has uploaded.

    Raises:
        SpaceClosed: The client's access was ended, or doesn't include the area, or the file was deleted.
        ValidationError: The customer is archived, or the agency’s quota is used up.
    """
    upload = examine(file, name=name)
    locked, space = _lock_own(shared, space)
    version = _add_version(locked, upload, file, by=space.client)
    record("shared_file.version_received", locked, by=None, source=WEB)
    mails.send_file_received(locked, space=space)
    return version


@transaction.atomic
def delete_by_client(shared: SharedFile, *, space: Space) -> None:
    """Delete a file that the client has uploaded.

    Raises:
        SpaceClosed: The client's access was ended, or doesn't include the area, or the file was deleted.
        ValidationError: The customer is archived, or an approval depends on the file.
    """
    locked, space = _lock_own(shared, space)
    _delete(locked)
    record("shared_file.deleted_by_client", locked, by=None, source=WEB)


@transaction.atomic
def download_for_client(version: FileVersion, *, space: Space) -> Download:
    """Return the content of a version. Downloads of the agency's files are recorded.

    Raises:
        SpaceClosed: The client's access was ended, or doesn't include the area, or the file isn't shared any more.
    """
    space = lock_space(space, area=version.file.area, is_read=True)
    shared = SharedFile.objects.filter(pk=version.file_id, is_shared=True).first()
    if shared is None or not space.covers(shared.area):
        raise SpaceClosed
    if not shared.from_client:
        record("shared_file.downloaded_by_client", shared, by=None, source=WEB)
    return Download(version, _chunks(version))


# --- Erasure -----------------------------------------------------------------------------------------------------------


def erase_shared_files(customer: Customer, by: User) -> None:
    """Delete all files, approvals and decisions of a customer. One of the `erasure_hooks`."""
    Approval.objects.filter(customer=customer).delete()
    SharedFile.objects.filter(customer=customer).delete()


# --- Shared ------------------------------------------------------------------------------------------------------------


def _create(customer: Customer, *, from_client: bool, by: User, **fields: Any) -> SharedFile:
    return SharedFile.objects.create(agency=customer.agency, customer=customer, from_client=from_client, uploaded_by=by, **fields)


def _lock(shared: SharedFile) -> SharedFile:
    """Lock and return a file of a locked customer."""
    rows = SharedFile.objects.select_for_update(of=("self",)).select_related("agency", "customer", "uploaded_by")
    locked = rows.filter(pk=shared.pk, customer=shared.customer_id).first()
    if locked is None:
        raise ValidationError(_("This file has since been deleted."), "deleted")
    return locked


def _lock_own(shared: SharedFile, space: Space) -> tuple[SharedFile, Space]:
    """Lock the space and a file that its client has uploaded, and return both."""
    space = lock_space(space, area=shared.area)
    rows = SharedFile.objects.select_for_update(of=("self",)).select_related("agency", "customer")
    locked = rows.filter(pk=shared.pk, from_client=True, uploaded_by=space.client).first()
    if locked is None:
        raise SpaceClosed
    return locked, space


def _add_version(shared: SharedFile, upload: Upload, file: IO[bytes], *, by: User) -> FileVersion:
    """Store the content of an upload.

    Raises:
        ValidationError: The agency’s quota is used up.
    """
    FileQuota.objects.ensure(shared.agency)
    number = (shared.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    values = {"name": upload.name, "content_type": upload.content_type, "size": upload.size, "sha256": upload.sha256}
    try:
        with transaction.atomic():
            version = FileVersion.objects.create(file=shared, agency=shared.agency, number=number, uploaded_by=by, **values)
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if getattr(diagnosis, "constraint_name", "") != QUOTA_EXCEEDED:
            raise
        quota = FileQuota.objects.get(agency=shared.agency)
        left = {"left": file_size(max(quota.maximum - quota.used, 0)), "size": file_size(upload.size, round_up=True)}
        raise ValidationError(
            _("There isn’t enough space: the file has %(size)s, and %(left)s are left. Delete files that are no longer needed.") % left,
            "quota",
        ) from error
    file.seek(0)
    for position in range(version.chunk_count):
        # One chunk at a time, so that the memory doesn't depend on the size of the file.
        FileChunk.objects.create(version=version, number=position, data=file.read(CHUNK_SIZE))
    return version


def _delete(shared: SharedFile) -> None:
    if shared.approvals.exclude(status=Approval.Status.WITHDRAWN).exists():
        raise ValidationError(_("An approval depends on this file, so it can’t be deleted."), "in_use")
    shared.approvals.all().delete()
    # Keeps the key for the audit event.
    SharedFile.objects.filter(pk=shared.pk).delete()


def _chunks(version: FileVersion) -> Iterator[bytes]:
    # If the file is deleted meanwhile, the exception interrupts the download, which would otherwise look complete.
    for number in range(version.chunk_count):
        yield bytes(FileChunk.objects.values_list("data", flat=True).get(version=version, number=number))
