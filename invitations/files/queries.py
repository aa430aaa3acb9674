"""Reads of files and approvals."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from customers.models import Customer
from invitations.files.models.approvals import Approval
from invitations.files.models.files import FileVersion, SharedFile
from invitations.space.gates import shared_with
from invitations.space.queries import Space, of_customer

#: What pages show with an approval.
_OF_APPROVAL = ("requested_by", "customer", "file", "version", "decision__decided_by")


def files_of(customer: Customer) -> QuerySet[SharedFile]:
    """Return the files of a customer and of those merged into it, as staff see them."""
    return SharedFile.objects.filter(of_customer(customer)).select_related("uploaded_by", "customer")


def approvals_of(customer: Customer) -> QuerySet[Approval]:
    """Return the approvals of a customer and of those merged into it, as staff see them."""
    return Approval.objects.filter(of_customer(customer)).select_related(
        "requested_by", "customer", "file", "version", "decision__decided_by"
    )


def files_in(space: Space) -> QuerySet[SharedFile]:
    """Return the files that the client sees."""
    files: QuerySet[SharedFile] = shared_with(space, SharedFile)
    return files.select_related("uploaded_by", "customer")


def approvals_in(space: Space) -> QuerySet[Approval]:
    """Return the approvals that the client sees."""
    approvals: QuerySet[Approval] = shared_with(space, Approval)
    return approvals.select_related(*_OF_APPROVAL)


def attach_newest(files: Iterable[Any]) -> None:
    """Set each file's `newest` to its newest version, with one query."""
    rows = list(files)
    versions = FileVersion.objects.filter(file__in=rows).order_by("file", "-number").distinct("file")
    newest = {version.file_id: version for version in versions}
    for row in rows:
        row.newest = newest[row.pk]


def open_approvals(space: Space) -> QuerySet[Approval]:
    """Return the approvals that the client can decide."""
    return approvals_in(space).filter(status=Approval.Status.OPEN) if space.writable else Approval.objects.none()
